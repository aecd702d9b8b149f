"""Work on all pictures that are not done yet, and keep a log to resume from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from danpredict.batch.log import Log, Row
from danpredict.batch.workers import Work, run_in_processes
from danpredict.files.outputs import TEMPORARY

SHOWN_AFTER = 1.0  # seconds until the progress bar appears


class Task(Protocol):
    """What is done with each picture.

    Attributes
    ----------
    key : str
        A hash of the options and the model. Pictures with another key are done again.
    """

    key: str

    def start(self) -> Work:
        """Load what the work needs; runs in every process."""

    def is_done(self, row: Row) -> bool:
        """Whether the result of a row is still valid."""

    def replace(self, old: Row, new: Row) -> None:
        """Remove outputs that the old row of a picture lists and the new one does not."""


def work_through(
    task: Task, names: Sequence[str], log: Log, processes: int | None, doing: str
) -> int:
    """Work on the pictures that are not done according to the log.

    Parameters
    ----------
    task : Task
        Must be picklable.
    names : sequence of str
    log : Log
        Has a row for each of the pictures afterwards, and is saved sorted.
    processes : int, optional
        Number of worker processes; see `run_in_processes`.
    doing : str
        Name of the work, for the progress bar.

    Returns
    -------
    int
        The number of pictures that were not done.

    Raises
    ------
    ValueError, ImportError, RuntimeError
        The work cannot be started, or a worker process ended early.
    OSError
        The log cannot be written.
    """
    todo = [name for name in names if not is_current(task, log[name])]
    results = run_in_processes(task.start, todo, processes)
    # The log must not say that outputs are up to date while this run overwrites them.
    for name in todo:
        if name in log:
            log.set({column: value for column, value in log[name].items() if column != "key"})
    log.save()
    with log.appending() as append:
        bar = tqdm(results, doing, len(todo), unit="picture", delay=SHOWN_AFTER)
        for row in bar:
            task.replace(log[row["picture"]], row)
            append({"key": task.key, **row})
    log.save()
    return len(todo)


def is_current(task: Task, row: Row) -> bool:
    """Whether a picture's row is of these options and this model, and its result is valid."""
    try:
        return bool(row["key"] == task.key) and task.is_done(row)
    except (KeyError, TypeError, OSError):  # failed, of an older version, or no longer there
        return False


def remove_temporary(folder: Path) -> None:
    """Remove temporary files of killed runs. Only one run at a time may write to a folder."""
    for path in folder.rglob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)
