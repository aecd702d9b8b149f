"""Where the landmarks lie in a detector's boxes, from ``adapters/detector_calibrations.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes.face_box import FaceBox
from danpredict.geometry.similarity import BoundingBox, FloatArray
from danpredict.resources import data_folder

EXPECTED_SOURCE = "dlib-hog"  # boxes without a source count as this detector's
ALIASES = {"dlib": EXPECTED_SOURCE}


@dataclass(frozen=True)
class BoxCalibration:
    """The tight box of the landmarks, in fractions of a detector's box.

    Attributes
    ----------
    left, right : float
        0 is the centre of the box's left pixel column, 1 is one inclusive width further right.
    top, bottom : float
        0 is the centre of the box's top pixel row, 1 is one inclusive height further down.
    """

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> BoxCalibration:
        """From an entry of ``detector_calibrations.json`` or a model file; ignores other keys."""
        return cls(entry["left"], entry["top"], entry["right"], entry["bottom"])

    def landmark_box(self, left: float, top: float, right: float, bottom: float) -> BoundingBox:
        """The tight landmark box that is expected in a detector's box.

        Parameters
        ----------
        left, top, right, bottom : float
            Image pixels, inclusive as in dlib: the width is ``right - left + 1``.
        """
        width, height = right - left + 1, bottom - top + 1
        return BoundingBox(
            left + self.left * width,
            top + self.top * height,
            left + self.right * width,
            top + self.bottom * height,
        )

    def box_around(self, box: BoundingBox) -> BoundingBox:
        """The detector's box for a tight landmark box: the inverse of `landmark_box`."""
        width = (box.right - box.left) / (self.right - self.left)
        height = (box.bottom - box.top) / (self.bottom - self.top)
        left, top = box.left - self.left * width, box.top - self.top * height
        return BoundingBox(left, top, left + width - 1, top + height - 1)

    rectangle_around = box_around  # its name in 0.2.0, for one more release


def fit_box_calibration(boxes: FloatArray, landmarks: FloatArray) -> BoxCalibration:
    """Measure where the landmarks lie in a detector's boxes: medians over annotated faces.

    Parameters
    ----------
    boxes : (N, 4) float
        Left, top, right, bottom, image pixels, inclusive.
    landmarks : (N, L, 2) float, image pixels
        Landmarks that are not labelled are NaN.

    Raises
    ------
    ValueError
        No faces, a different number of boxes and faces, or a box without a width and a height.
    """
    boxes, landmarks = np.asarray(boxes, float), np.asarray(landmarks, float)
    if boxes.shape != (len(landmarks), 4) or not len(boxes) or landmarks.ndim != 3:
        raise ValueError(
            f"expected (N, 4) boxes and (N, L, 2) landmarks, got {boxes.shape}, {landmarks.shape}"
        )
    corner, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2] + 1
    if not (size > 0).all():
        bad = boxes[(size <= 0).any(1)][0]
        raise ValueError(f"expected boxes with a width and a height, got {bad.tolist()}")
    low = np.median((np.nanmin(landmarks, 1) - corner) / size, axis=0)
    high = np.median((np.nanmax(landmarks, 1) - corner) / size, axis=0)
    return BoxCalibration(*(round(float(v), 4) for v in (*low, *high)))


@cache
def box_calibration(source: str) -> BoxCalibration:
    """The calibration of a detector, by the detector's name.

    Raises
    ------
    ValueError
        No detector of that name; the known ones are listed.
    """
    table = json.loads((data_folder("adapters") / "detector_calibrations.json").read_text("utf-8"))
    source = ALIASES.get(source, source)
    if source not in table:
        raise ValueError(f"expected a detector out of {sorted(table)} as source, got {source!r}")
    return BoxCalibration.read(table[source])


def read_calibration(path: Path) -> BoxCalibration:
    """The calibration of dlib's HOG detector in a JSON file that ``danpredict calibrate`` printed.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        The file has no such calibration.
    """
    try:
        table = json.loads(path.read_text("utf-8"))
        (detector,) = table
        calibration = BoxCalibration.read(table[detector])
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"expected the output of `danpredict calibrate` in {path}") from error
    if ALIASES.get(detector, detector) != EXPECTED_SOURCE:
        raise ValueError(
            f"expected the calibration of {EXPECTED_SOURCE} in {path}, got {detector}: models "
            "expect the boxes of dlib's HOG detector, and boxes of others are converted to them"
        )
    return calibration


def as_expected(box: FaceBox) -> tuple[float, float, float, float]:
    """Convert a detector's box to the box that dlib's HOG detector would have given.

    Models expect such boxes. Boxes without a source are returned unchanged.

    Returns
    -------
    (left, top, right, bottom)
        Image pixels, inclusive.

    Raises
    ------
    ValueError
        ``detector_calibrations.json`` has no calibration for the box's source.
    """
    if box.source is None or ALIASES.get(box.source, box.source) == EXPECTED_SOURCE:
        return box.sides
    face = box_calibration(box.source).landmark_box(*box.sides)
    return box_calibration(EXPECTED_SOURCE).box_around(face)
