"""One picture of a folder: find its faces and write their chips."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from danpredict.alignment.align import align_face
from danpredict.batch.faces import FaceOptions, load_faces
from danpredict.batch.log import Row, picture_stamp
from danpredict.files.outputs import write_bytes
from danpredict.files.pictures import encode_picture, read_picture
from danpredict.geometry.sampling import Image


class Job(NamedTuple):
    """The options of ``danpredict align``.

    Attributes
    ----------
    folder : Path
        Pictures, in this folder and below.
    out : Path
        Folder for the chips and the log.
    template : str
        See `danpredict.align_face`.
    size : int or None
        Side of a chip, pixels; the template's own if None.
    faces : FaceOptions
        How faces are found.
    """

    folder: Path
    out: Path
    template: str
    size: int | None
    faces: FaceOptions


def _write_chip(path: Path, chip: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, encode_picture(chip, ".png"))


class PictureAligner:
    """Aligns the pictures of a job one by one.

    Raises
    ------
    ValueError, ImportError, RuntimeError
        The detector or the model cannot be loaded.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.detector, self.predictor = load_faces(job.faces, steady=True)

    def align(self, name: str) -> Row:
        """Write the chips of one picture and return its row of the log, without the key."""
        job = self.job
        stamp = picture_stamp(job.folder / name)
        image = read_picture(job.folder / name, upright=True)
        chips = []
        for i, det in enumerate(self.predictor.predict(image, self.detector(image))):
            chip, transform = align_face(image, det, job.template, job.size)
            path = job.out / name / f"{i}.png"  # a folder each for a.jpg and a.png
            _write_chip(path, chip)
            chips.append(
                {
                    "chip": path.relative_to(job.out).as_posix(),
                    "confidence": det.confidence,
                    "transform": transform.params[:2].round(6).tolist(),
                }
            )
        return {"picture": name, "stamp": stamp, "faces": chips}
