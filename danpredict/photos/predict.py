"""Predict the landmarks of many photos: in parallel, and resumable after an interruption."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from danpredict.batch.faces import FaceOptions, convention_of
from danpredict.batch.log import Log, Row
from danpredict.batch.run import remove_temporary, work_through
from danpredict.batch.workers import run_in_processes
from danpredict.photos.drawn import check_drawn, drawn_names
from danpredict.photos.find import Photos
from danpredict.photos.job import Job
from danpredict.photos.outputs import Outputs
from danpredict.photos.tables import write_csv, write_json
from danpredict.photos.task import PredictTask


class Result(NamedTuple):
    """The result of `predict_photos`.

    Attributes
    ----------
    photos, faces : int
        Of this run and of earlier runs.
    predicted_now : int
        Photos that this run read.
    errors : dict
        The errors of photos that failed, by name.
    """

    photos: int
    faces: int
    predicted_now: int
    errors: dict[str, str]

    @classmethod
    def of(cls, rows: Iterable[Row], predicted_now: int) -> Result:
        """The result of all rows of a run."""
        photos, faces, errors = 0, 0, {}
        for row in rows:
            photos += 1
            faces += len(row.get("faces", ()))
            if "error" in row:
                errors[row["picture"]] = row["error"]
        return cls(photos, faces, predicted_now, errors)


def is_row(row: Row) -> bool:
    """Whether a row can be used; its key says whether it is complete."""
    return isinstance(row.get("faces", []), list) and isinstance(row.get("drawn", ""), str)


def predict_photos(
    photos: Photos, options: FaceOptions, outputs: Outputs, processes: int | None = None
) -> Result:
    """Find the faces of photos and write the outputs, with the photos in the order of their names.

    Photos that are done according to the log are not read again. The files are written when all
    photos are done; photos that failed are left out of them.

    Parameters
    ----------
    photos : Photos
    options : FaceOptions
    outputs : Outputs
        At least one of them; checked by `check_photo_outputs`.
    processes : int, optional
        Number of worker processes; see `danpredict.batch.workers.run_in_processes`.

    Raises
    ------
    ValueError, ImportError, RuntimeError
        A drawn copy would overwrite another file; the detector or the model cannot be loaded; a
        worker process ended early.
    OSError
        An output cannot be written.
    """
    assert outputs.log is not None
    folder = outputs.draw
    job = Job(photos.files, options, folder, {} if folder is None else drawn_names(photos))
    task = PredictTask(job)
    log = Log(outputs.log, is_row)
    if folder is not None:
        check_drawn(folder, job.drawn, photos, log)
    # The log has a row for every photo from the start, so that a later run knows all copies as its
    # own, even if this one is killed between writing a copy and its row.
    for name in photos.files:
        if name not in log:
            log.set({"picture": name})
    now = work_through(task, list(photos.files), log, processes, "predicting")
    if folder is not None:
        remove_temporary(folder)
    done = [name for name in photos.files if "faces" in log[name]]
    if outputs.csv is not None:
        write_csv(outputs.csv, (log[name] for name in done), convention_of(options))
    if outputs.json is not None:
        write_json(outputs.json, (log[name] for name in done))
    return Result.of((log[name] for name in photos.files), now)


def photo_rows(photos: Photos, options: FaceOptions, processes: int | None = None) -> Iterator[Row]:
    """The rows of all photos in the order of their names, without a log.

    Raises
    ------
    ValueError, ImportError, RuntimeError
        As `predict_photos`.
    """
    task = PredictTask(Job(photos.files, options, None, {}))
    names = iter(photos.files)
    expected = next(names)
    waiting: dict[str, Row] = {}
    for row in run_in_processes(task.start, list(photos.files), processes):
        waiting[row["picture"]] = row
        while expected in waiting:
            yield waiting.pop(expected)
            expected = next(names, "")
