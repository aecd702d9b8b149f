"""Where the landmarks lie inside a detector's rectangle, from ``adapters/boxes.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from danpredict.boxes.face_box import FaceBox
from danpredict.geometry.similarity import BoundingBox, FloatArray
from danpredict.resources import data_folder

EXPECTED_SOURCE = "dlib-hog"  # whose rectangles a rectangle of unknown origin is taken for
ALIASES = {"dlib": EXPECTED_SOURCE}


@dataclass(frozen=True)
class BoxCalibration:
    """The tight landmark box in fractions of a detector's rectangle.

    0 is the centre of its left or top pixel, and 1 lies its inclusive width or height further.
    """

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> BoxCalibration:
        """From an entry of ``boxes.json`` or of a model file; other keys are left alone."""
        return cls(entry["left"], entry["top"], entry["right"], entry["bottom"])

    def landmark_box(self, left: float, top: float, right: float, bottom: float) -> BoundingBox:
        """The landmark box expected in a rectangle.

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
        """The rectangle in which `landmark_box` expects this landmark box."""
        width = (box.right - box.left) / (self.right - self.left)
        height = (box.bottom - box.top) / (self.bottom - self.top)
        left, top = box.left - self.left * width, box.top - self.top * height
        return BoundingBox(left, top, left + width - 1, top + height - 1)

    rectangle_around = box_around  # its name in 0.2.0, for one more release


def fit_box_calibration(boxes: FloatArray, landmarks: FloatArray) -> BoxCalibration:
    """Where the landmarks' tight box lies in a detector's boxes: medians over annotated faces.

    Parameters
    ----------
    boxes : (N, 4) float
        Left, top, right, bottom, image pixels, inclusive.
    landmarks : (N, L, 2) float, image pixels
        NaN where they are not labelled.

    Raises
    ------
    ValueError
        No faces, not as many boxes as faces, or boxes without a width and a height.
    """
    boxes, landmarks = np.asarray(boxes, float), np.asarray(landmarks, float)
    if boxes.shape != (len(landmarks), 4) or not len(boxes) or landmarks.ndim != 3:
        raise ValueError(
            f"expected (N, 4) boxes and (N, L, 2) landmarks, got {boxes.shape}, {landmarks.shape}"
        )
    corner, size = boxes[:, :2], boxes[:, 2:] - boxes[:, :2] + 1
    if not (size > 0).all():
        bad = boxes[(size <= 0).any(1)][0]
        raise ValueError(f"expected boxes with a width and a height, got {bad}")
    low = np.median((np.nanmin(landmarks, 1) - corner) / size, axis=0)
    high = np.median((np.nanmax(landmarks, 1) - corner) / size, axis=0)
    return BoxCalibration(*(round(float(v), 4) for v in (*low, *high)))


@cache
def box_calibration(source: str) -> BoxCalibration:
    """Calibration of a named detector.

    Raises
    ------
    ValueError
        No detector of that name; the known ones are listed.
    """
    table = json.loads((data_folder("adapters") / "boxes.json").read_text("utf-8"))
    source = ALIASES.get(source, source)
    if source not in table:
        raise ValueError(f"expected a box source out of {sorted(table)}, got {source!r}")
    return BoxCalibration.read(table[source])


def as_expected(box: FaceBox) -> tuple[float, float, float, float]:
    """A detector's rectangle as models expect it: as dlib's HOG detector would have framed it.

    Raises
    ------
    ValueError
        A source that ``boxes.json`` does not know.
    """
    if box.source is None or ALIASES.get(box.source, box.source) == EXPECTED_SOURCE:
        return box.sides
    face = box_calibration(box.source).landmark_box(*box.sides)
    return box_calibration(EXPECTED_SOURCE).box_around(face)
