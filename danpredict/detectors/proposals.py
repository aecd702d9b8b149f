"""Boxes that may be faces, from the classifier that comes with scikit-image.

The classifier compares blocks of pixels in windows of many sizes: Liao, Zhu, Lei, Zhang and Li,
"Learning Multi-scale Block Local Binary Patterns for Face Recognition", ICB 2007. It is set so
leniently here that it misses few faces. Nearly all of its boxes are no faces.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np

from danpredict.boxes.calibration import BoxCalibration
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import BoundingBox

WINDOW = 24  # pixels; side of the classifier's smallest window
# The next three were chosen on 196 training faces of 300-W (60 AFW, 20 HELEN and 20 LFPW crops, 60
# crops shrunk to faces of 88 pixels, 36 faces on 6 photos) and 51 pictures without a face.
# The classifier's `eps`. With scikit-image's default of 1e-5, 0.7 of the faces had a box.
LENIENCE = 1.0
SCALE_STEP = 1.2  # ratio of two window sizes. 1.1 takes 1.6 times as long and finds no more faces
SHIFT_STEP = 1.5  # of windows, in pixels of the smallest window. 1 takes 3 times as long, ...
MIN_NEIGHBOURS = 1  # windows in one place that make a box
# Where the landmarks lie in a window: medians over 300-W training faces (60 AFW, 20 HELEN, 20 LFPW).
WINDOW_CALIBRATION = BoxCalibration(0.07, 0.21, 0.94, 1.06)


@cache
def classifier() -> Any:
    """The classifier: a ``skimage.feature.Cascade``."""
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename(), LENIENCE)


def face_proposals(gray: Image, smallest: float) -> list[BoundingBox]:
    """Where faces may be.

    Parameters
    ----------
    gray : (H, W) uint8
    smallest : float
        Width of the smallest faces that are looked for, from ear to ear, image pixels.

    Returns
    -------
    list of BoundingBox
        Where the landmarks of each face are expected, image pixels.
    """
    face = WINDOW * (WINDOW_CALIBRATION.right - WINDOW_CALIBRATION.left)
    scale = face / smallest
    width, height = (round(scale * side) for side in gray.shape[::-1])
    if min(width, height) < WINDOW:
        return []
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(gray, (width, height), interpolation=method), np.uint8)
    longest = max(width, height)
    windows = classifier().detect_multi_scale(
        small, SCALE_STEP, SHIFT_STEP, (WINDOW, WINDOW), (longest, longest), MIN_NEIGHBOURS
    )
    return [_in_the_picture(window, scale) for window in windows]


def _in_the_picture(window: dict[str, int], scale: float) -> BoundingBox:
    """The landmark box of a window, from the shrunk picture to the picture."""
    left, top, side = window["c"], window["r"], window["width"]
    box = WINDOW_CALIBRATION.landmark_box(left, top, left + side - 1, top + side - 1)
    return BoundingBox(*((edge + 0.5) / scale - 0.5 for edge in box))
