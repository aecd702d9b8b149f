"""Where faces may be, from the classifier that comes with scikit-image.

The classifier compares blocks of pixels in windows of many sizes: Liao, Zhu, Lei, Zhang and Li,
"Learning Multi-scale Block Local Binary Patterns for Face Recognition", ICB 2007. Here it is so
lenient that it misses few faces. Most of its windows show no face.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.boxes.calibration import BoxCalibration
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray, initial_transform, similarity

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

WINDOW = 24  # pixels; side of the classifier's smallest window
# The four settings were chosen on training faces of 300-W: 100 crops, and 60 crops that were shrunk
# to faces of 88 pixels. With scikit-image's leniency, 1e-5, it missed an eighth of the faces.
LENIENCY = 1.0  # the classifier's `eps`
SCALE_STEP = 1.1  # ratio of two window sizes
SHIFT_STEP = 1.5  # between two windows, pixels of the smallest window
MIN_NEIGHBOURS = 1  # that many windows in one place are reported
# Where the landmarks lie in a window: medians over 40 training faces of 300-W.
WINDOW_CALIBRATION = BoxCalibration(0.07, 0.21, 0.94, 1.06)
WINDOW_FACE = WINDOW * (WINDOW_CALIBRATION.right - WINDOW_CALIBRATION.left)


@cache
def classifier() -> Any:
    """The classifier: a ``skimage.feature.Cascade``."""
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    file = lbp_frontal_face_cascade_filename()  # type: ignore[no-untyped-call]
    return Cascade(file, LENIENCY)


def face_proposals(
    gray: Image, smallest: float, mean_shape: FloatArray, roll: float = 0.0
) -> list[SimilarityTransform]:
    """Where faces may be.

    Parameters
    ----------
    gray : (H, W) uint8
    smallest : float
        Width of the landmarks of the smallest faces that are looked for, image pixels.
    mean_shape : (L, 2) float, canonical pixels
    roll : float
        Look for faces that are rolled by this angle: clockwise in the picture, radians.

    Returns
    -------
    list of SimilarityTransform
        Initial transforms of the faces, image to canonical frame.
    """
    scale = WINDOW_FACE / smallest
    width, height = (round(scale * side) for side in gray.shape[::-1])
    if min(width, height) < WINDOW:
        return []
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(gray, (width, height), interpolation=method), np.uint8)
    shift = (scale - 1) / 2  # the centre of the top-left pixel is (0, 0)
    to_small = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])
    upright, turn = turned_back(small, roll)
    longest = max(upright.shape)
    windows = classifier().detect_multi_scale(
        upright, SCALE_STEP, SHIFT_STEP, (WINDOW, WINDOW), (longest, longest), MIN_NEIGHBOURS
    )
    transforms = []
    for window in windows:
        left, top, side = window["c"], window["r"], window["width"]
        box = WINDOW_CALIBRATION.landmark_box(left, top, left + side - 1, top + side - 1)
        to_canonical = initial_transform(box, mean_shape).params
        transforms.append(similarity(to_canonical @ turn @ to_small))
    return transforms


def turned_back(image: Image, roll: float) -> tuple[Image, NDArray[np.float64]]:
    """Rotate a picture so that a face with this roll, clockwise in radians, is upright.

    Returns
    -------
    (H', W') uint8, (3, 3) float64
        The whole rotated picture, its corners filled with the border's pixels; and the rotation
        from the picture to it.
    """
    cos, sin = math.cos(roll), math.sin(roll)
    linear = np.array([[cos, sin], [-sin, cos]])
    height, width = image.shape
    size = np.ceil(np.abs(linear) @ (width, height)).astype(int)
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = (size - 1) / 2 - linear @ ((width - 1) / 2, (height - 1) / 2)
    rotated = cv2.warpAffine(image, matrix[:2], size.tolist(), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rotated, np.uint8), matrix
