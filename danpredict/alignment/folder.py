"""Align all pictures of a folder: in parallel, and resumable after an interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from danpredict.alignment.job import Job, PictureAligner, job_key
from danpredict.alignment.log import LOG, Row, is_done, read_log, remove_stale, write_log
from danpredict.alignment.workers import align_in_processes
from danpredict.files.outputs import TEMPORARY
from danpredict.files.pictures import PICTURES, skipped_pictures


class FolderResult(NamedTuple):
    """The result of `align_folder`.

    Attributes
    ----------
    pictures, faces : int
        Of this run and of earlier runs.
    aligned_now : int
        Pictures that this run aligned.
    errors : dict
        The errors of pictures that failed, by name.
    skipped : str
        Pictures in formats that cannot be read; see
        `danpredict.files.pictures.skipped_pictures`.
    """

    pictures: int
    faces: int
    aligned_now: int
    errors: dict[str, str]
    skipped: str


def _find_pictures(job: Job) -> tuple[list[str], str]:
    """Names of the pictures of a folder and below; and which formats were skipped.

    Chips of any run do not count as pictures.
    """
    if not job.folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, found no folder {job.folder}")
    folder, out = job.folder.resolve(), job.out.resolve()
    if folder.is_relative_to(out):
        raise ValueError(
            f"expected an --out folder that does not contain the pictures, got {job.out}"
        )
    files = sorted(job.folder.rglob("*"))
    outputs = {out} | {path.parent.resolve() for path in files if path.name == LOG}
    files = [path for path in files if not outputs & {path.resolve(), *path.resolve().parents}]
    names = [p.relative_to(job.folder).as_posix() for p in files if p.suffix.lower() in PICTURES]
    skipped = skipped_pictures(files)
    if not names:
        others = f" ({skipped} cannot be read)" if skipped else ""
        raise FileNotFoundError(f"expected pictures, found none in {job.folder}{others}")
    return names, skipped


def _align_pictures(job: Job, names: list[str], processes: int) -> Iterator[Row]:
    """The lines of the log for N pictures, one by one as they are finished."""
    if not names:
        return iter(())
    # The aligner is loaded here even if worker processes align: a bad option then raises one
    # error before the work starts.
    aligner = PictureAligner(job)
    if processes == 1:
        return map(aligner.align, names)
    return align_in_processes(job, names, processes)


def align_folder(job: Job, processes: int | None = None) -> FolderResult:
    """Cut out the chips of all faces in all pictures of a folder and below.

    Chips are ``<picture>/<number>.png`` in ``out``, for example ``a.jpg/0.png``. Folders with an
    ``align.jsonl`` are outputs of a run and are left out.

    Parameters
    ----------
    processes : int, optional
        Number of worker processes, one for each core by default. With 1, this process does the
        work.

    Raises
    ------
    FileNotFoundError
        No such folder, or no pictures in it.
    ValueError, ImportError, RuntimeError
        The output folder contains the pictures; the detector or the model cannot be loaded; a
        worker process ended early.
    OSError
        The output folder cannot be written to.
    """
    names, skipped = _find_pictures(job)
    key = job_key(job)
    job.out.mkdir(parents=True, exist_ok=True)
    log = job.out / LOG
    rows = read_log(log)
    todo = [name for name in names if not is_done(rows.get(name, {}), key, job.folder, job.out)]
    processes = min(processes or os.cpu_count() or 1, max(1, len(todo)))
    results = _align_pictures(job, todo, processes)
    # The log must not say that chips are up to date while this run overwrites them.
    before = {name: rows[name] for name in todo if name in rows}
    rows |= {name: {k: v for k, v in row.items() if k != "key"} for name, row in before.items()}
    write_log(log, rows)
    with log.open("a", encoding="utf-8") as stream:
        for row in tqdm(results, "aligning", len(todo), unit="picture"):
            remove_stale(before.get(row["picture"]), row, job.out)
            rows[row["picture"]] = {"key": key, **row}
            stream.write(json.dumps(rows[row["picture"]]) + "\n")
            stream.flush()
    write_log(log, rows)
    _remove_temporary(job.out)
    final = [rows[name] for name in names]
    return FolderResult(
        len(names),
        sum(len(row.get("faces", ())) for row in final),
        len(todo),
        {row["picture"]: row["error"] for row in final if "error" in row},
        skipped,
    )


def _remove_temporary(out: Path) -> None:
    """Remove temporary files of killed runs. Only one run at a time may write to a folder."""
    for path in out.rglob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)
