"""One photo: find its faces, measure them, and draw them if asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from danpredict.batch.faces import FaceOptions, convention_of, load_faces
from danpredict.batch.log import Row, picture_stamp
from danpredict.detectors.find import find_faces
from danpredict.drawing.faces import draw
from danpredict.files.outputs import write_bytes
from danpredict.files.pictures import encode_picture, read_picture
from danpredict.photos.rows import face_row


class Job(NamedTuple):
    """The options of ``danpredict predict``.

    Attributes
    ----------
    files : dict
        Paths of the photos by name.
    faces : FaceOptions
        How faces are found.
    folder : Path or None
        Folder for drawn copies; None to draw nothing.
    drawn : dict
        Paths of the copies in this folder, by name of the photo.
    """

    files: Mapping[str, Path]
    faces: FaceOptions
    folder: Path | None
    drawn: Mapping[str, str]


class PhotoPredictor:
    """Works on the photos of a job one by one.

    Raises
    ------
    ValueError, ImportError, RuntimeError, OSError
        The detector or the model cannot be loaded.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.detector, self.predictor = load_faces(job.faces)
        self.convention = convention_of(job.faces)

    def predict(self, name: str) -> Row:
        """Find the faces of one photo and return its row of the log, without the key."""
        path = self.job.files[name]
        stamp = picture_stamp(path)
        image = read_picture(path, upright=True)
        detections = find_faces(image, detector=self.detector, predictor=self.predictor)
        row = {
            "picture": name,
            "stamp": stamp,
            "size": [image.shape[1], image.shape[0]],
            "faces": [face_row(det, self.convention) for det in detections],
        }
        if self.job.folder is not None:
            copy = self.job.folder / self.job.drawn[name]
            copy.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(copy, encode_picture(draw(image, detections), copy.suffix.lower()))
            row["drawn"] = self.job.drawn[name]
        return row
