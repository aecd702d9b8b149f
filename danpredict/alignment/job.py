"""One picture of a folder: find its faces and write their chips."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import cv2

from danpredict.alignment.align import align_face
from danpredict.alignment.log import Row, picture_stamp
from danpredict.error_boundary import one_line
from danpredict.files.outputs import write_bytes
from danpredict.files.pictures import read_picture
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
    model : str or None
        See `danpredict.DANShapePredictor`.
    detector : str
        See `danpredict.load_detector`.
    weights : Path or None
        The detector's file.
    upsample : int
        How often pictures are doubled in size; see `danpredict.load_detector`.
    """

    folder: Path
    out: Path
    template: str
    size: int | None
    model: str | None
    detector: str
    weights: Path | None
    upsample: int = 0


def job_key(job: Job) -> str:
    """A hash of the options and the model. Chips with another key are made again."""
    from danpredict.detectors.load import full_name
    from danpredict.model.file import read_model
    from danpredict.model.zoo import default_model, find_model

    model = read_model(find_model(default_model() if job.model is None else job.model))
    weights = None if job.weights is None else hashlib.sha256(job.weights.read_bytes()).hexdigest()
    detector = full_name(job.detector)
    options = (job.template, job.size, detector, weights, job.upsample, model.info)
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:16]


def _write_chip(path: Path, chip: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = chip if chip.ndim == 2 else chip[..., ::-1]
    write_bytes(path, cv2.imencode(".png", bgr)[1].tobytes())


class PictureAligner:
    """Aligns the pictures of a job one by one, with the job's detector and predictor.

    Raises
    ------
    ValueError, ImportError, RuntimeError
        The detector or the model cannot be loaded.
    """

    def __init__(self, job: Job) -> None:
        from danpredict.detectors.load import load_detector
        from danpredict.predictor.predictor import DANShapePredictor

        self.job = job
        self.predictor = DANShapePredictor(job.model, threads=1, steady=True)
        self.detector = load_detector(job.detector, weights=job.weights, upsample=job.upsample)

    def align(self, name: str) -> Row:
        """Write the chips of one picture and return its line of the log, without the key.

        If anything fails, the line has the error instead of faces: one picture does not stop the
        others.
        """
        try:
            return self._align(name)
        except Exception as error:  # see above
            return {"picture": name, "error": one_line(error)}

    def _align(self, name: str) -> Row:
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
