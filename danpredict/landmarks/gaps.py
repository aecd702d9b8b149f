"""Gaps: the vectors between upper and lower lids, and between the inner lips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import LID_PAIRS, LIP_PAIRS

Pairs = tuple[tuple[int, int], ...]

OPENNESS_PAIRS: Pairs = LID_PAIRS + LIP_PAIRS


def gaps(landmarks: FloatArray, pairs: Pairs = OPENNESS_PAIRS) -> NDArray[np.float64]:
    """Vectors (..., P, 2) from the second to the first landmark of each pair of (..., 68, 2)."""
    first, second = np.array(pairs).T
    return np.asarray(landmarks[..., first, :] - landmarks[..., second, :], np.float64)


def with_gaps(
    landmarks: FloatArray, new: FloatArray, pairs: Pairs = OPENNESS_PAIRS
) -> NDArray[np.float64]:
    """Landmarks (..., 68, 2) with new gaps (..., P, 2). The middle of each pair stays.

    No landmark may be in two pairs.
    """
    result = np.array(landmarks, np.float64)
    first, second = np.array(pairs).T
    middle = (result[..., first, :] + result[..., second, :]) / 2
    result[..., first, :], result[..., second, :] = middle + new / 2, middle - new / 2
    return result
