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

# Pixels; and side of the chip in distances between the outer eye corners. It holds the face without
# hair and background.
CHIP, SIDE = 32, 2.2
# Correlation of two chips. On `sfhq_t2i`, 206 faces have an earlier partner above 0.96 and 188 have
# one above 0.99. The pairs that were looked at, from 0.97 on, are the same picture rendered twice.
# On `london`, neutral and smiling pictures of the same person can exceed 0.98.
SAME = 0.985


def chip(image: Image, mesh: FloatArray, unit: float) -> NDArray[np.float64]:
    """The face in a few pixels, as a vector (CHIP * CHIP,) of mean 0 and length 1.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
    mesh : (N, 2) float, image pixels
        The face's place. It is more exact than five points of a detector.
    unit : float, pixels
        Distance between the outer eye corners of the head, seen from the front.
    """
    side = 4 * CHIP  # reduced by averages, without aliasing
    scale = side / (SIDE * unit)
    shift = (side - 1) / 2 - scale * mesh.mean(0)
    matrix = np.column_stack([scale * np.eye(2), shift])
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
