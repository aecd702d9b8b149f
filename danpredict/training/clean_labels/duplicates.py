"""Near duplicates: pictures of the same face that differ in details only.

Generated sets have many. One in the training part and the other in the validation part would make
the validation error too small.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.sampling import Image, to_gray
from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels.face_frame import crop_matrix, face_frame

CHIP, UNITS = 32, 4.0  # pixels; side of the chip in units of the face, so that it holds the head
# Correlation of two chips. On `sfhq_t2i`, all pairs looked at from 0.97 on are near duplicates.
SAME = 0.97


def chip(image: Image, points5: FloatArray) -> NDArray[np.float64]:
    """The upright face in a few pixels, as a vector (CHIP * CHIP,) of mean 0 and length 1.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
    points5 : (5, 2) float, image pixels
        See `danpredict.training.clean_labels.face_frame.face_frame`.
    """
    side = 4 * CHIP  # reduced by averages, without aliasing
    matrix = crop_matrix(face_frame(points5), side, UNITS)
    large = cv2.warpAffine(to_gray(image), matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(large, (CHIP, CHIP), interpolation=cv2.INTER_AREA).astype(np.float64)
    values = small.ravel() - small.mean()
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-9))


def duplicates(chips: Sequence[FloatArray]) -> list[bool]:
    """Whether each of the faces is a near duplicate of an earlier one that is not."""
    first: list[FloatArray] = []
    result = []
    for values in chips:
        same = bool(first) and float((np.stack(first) @ values).max()) > SAME
        result.append(same)
        if not same:
            first.append(values)
    return result
