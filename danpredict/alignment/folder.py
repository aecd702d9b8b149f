"""Align all pictures of a folder: in parallel, and resumable after an interruption.

The log ``align.jsonl`` has a row for each picture. A row is valid as long as the picture, the
options and the model are unchanged and all its chips exist.
"""

from __future__ import annotations

from typing import NamedTuple

from danpredict.alignment.job import Job, PictureAligner
from danpredict.batch.faces import options_key
from danpredict.batch.find import ALIGN_LOG, files_below, is_picture, none_found
from danpredict.batch.log import Log, Row, picture_stamp
from danpredict.batch.run import remove_temporary, work_through
from danpredict.batch.workers import Work
from danpredict.files.pictures import skipped_pictures


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
        Pictures in formats that cannot be read; see `danpredict.files.pictures.skipped_pictures`.
    """

    pictures: int
    faces: int
    aligned_now: int
    errors: dict[str, str]
    skipped: str


class AlignTask:
    """Align pictures as a `danpredict.batch.run.Task`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.key = options_key(job.faces, job.template, job.size)

    def start(self) -> Work:
        """Load the detector and the predictor."""
        return PictureAligner(self.job).align

    def is_done(self, row: Row) -> bool:
        """Whether the picture is unchanged and all its chips exist."""
        return row["stamp"] == picture_stamp(self.job.folder / row["picture"]) and all(
            (self.job.out / face["chip"]).is_file() for face in row["faces"]
        )

    def replace(self, old: Row, new: Row) -> None:
        """Remove chips that only the old row lists."""
        if "faces" not in new:
            return
        kept = {face["chip"] for face in new["faces"]}
        for face in old.get("faces", ()):
            chip = (self.job.out / face["chip"]).resolve()
            if face["chip"] not in kept and chip.is_relative_to(self.job.out.resolve()):
                chip.unlink(missing_ok=True)


def is_row(row: Row) -> bool:
    """Whether a row lists chips by their names, or none."""
    return isinstance(faces := row.get("faces", []), list) and all(
        isinstance(face, dict) and isinstance(face.get("chip"), str) for face in faces
    )


def _find_pictures(job: Job) -> tuple[list[str], str]:
    """Names of the pictures of a folder and below; and which formats were skipped.

    Chips of any run do not count as pictures.
    """
    if not job.folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, found no folder {job.folder}")
    files = files_below(job.folder, job.out)
    skipped = skipped_pictures(files)
    names = [path.relative_to(job.folder).as_posix() for path in files if is_picture(path)]
    if not names:
        raise none_found(job.folder, skipped)
    return names, skipped


def align_folder(job: Job, processes: int | None = None) -> FolderResult:
    """Cut out the chips of all faces in all pictures of a folder and below.

    Chips are ``<picture>/<number>.png`` in ``out``, for example ``a.jpg/0.png``. Folders with an
    ``align.jsonl`` are outputs of a run and are left out.

    Parameters
    ----------
    processes : int, optional
        Number of worker processes; see `danpredict.batch.workers.run_in_processes`.

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
    task = AlignTask(job)
    job.out.mkdir(parents=True, exist_ok=True)
    log = Log(job.out / ALIGN_LOG, is_row)
    now = work_through(task, names, log, processes, "aligning")
    remove_temporary(job.out)
    faces, errors = 0, {}
    for name in names:
        row = log[name]
        faces += len(row.get("faces", ()))
        if "error" in row:
            errors[name] = row["error"]
    return FolderResult(len(names), faces, now, errors, skipped)
