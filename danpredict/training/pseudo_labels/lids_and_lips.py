"""Lids and inner lips of pseudo-labels: from one teacher, or left out.

A mean of teachers draws shut eyes too far open if one of them does not see that they are shut.
"""

from __future__ import annotations

import numpy as np

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import LID_PAIRS, LIP_PAIRS

# Pairs that are kept or left out together: one eye, the other eye, the mouth.
ORGANS = (LID_PAIRS[:2], LID_PAIRS[2:], LIP_PAIRS)
OPENNESS_POINTS = tuple(point for organ in ORGANS for pair in organ for point in pair)

# Limits of `disagreement`, measured on 201 annotated faces with lean68 and an integral teacher.
# The first leaves out 5 % of all eyes but 22 % of the shut ones, and 12 % of all mouths but 8 of 11
# wide ones: it is safe, and costs the rarest labels. The second leaves out 2 % of the eyes, 3 % of
# the shut ones, 6 % of the mouths and 2 of 11 wide ones; the error of the mouths that it leaves out
# is 3.4 times that of the others.
BETWEEN_TEACHERS = 0.014
WITHIN_TEACHER = 0.010


def gaps(landmarks: FloatArray, organ: tuple[tuple[int, int], ...]) -> FloatArray:
    """Vectors (..., P, 2) from the second to the first point of each pair of (..., 68, 2)."""
    first, second = np.array(organ).T
    return np.asarray(landmarks[..., first, :] - landmarks[..., second, :])


def disagreement(opinions: FloatArray, organ: tuple[tuple[int, int], ...], scale: float) -> float:
    """Mean distance of the organ's gaps from their mean over opinions.

    Parameters
    ----------
    opinions : (T, 68, 2) float, image pixels
    scale : float
        Inter-ocular distance of the mean shape on this face, image pixels.

    Returns
    -------
    float, a fraction of the scale
    """
    vectors = gaps(opinions, organ)
    return float(np.linalg.norm(vectors - vectors.mean(0), axis=-1).mean() / scale)


def leave_out(
    landmarks: FloatArray, opinions: FloatArray, scale: float, limit: float
) -> FloatArray:
    """Landmarks (68, 2) with NaN for the organs about whose openness opinions differ.

    Parameters
    ----------
    opinions, scale
        See `disagreement`.
    limit : float
        The largest disagreement at which an organ is kept.
    """
    result = landmarks.copy()
    for organ in ORGANS:
        if not disagreement(opinions, organ, scale) < limit:
            result[np.unique(organ)] = np.nan
    return result


def take_gaps(landmarks: FloatArray, teacher: FloatArray) -> FloatArray:
    """Landmarks (68, 2) whose pairs keep their middles and have a teacher's gaps.

    On the same 201 faces the NME is 3.48 %, and 3.49 % if the points themselves are the teacher's
    (3.54 and 3.57 % with an earlier teacher). Openness is the same in both cases.
    """
    result = landmarks.copy()
    for organ in ORGANS:
        first, second = np.array(organ).T
        middle = (landmarks[first] + landmarks[second]) / 2
        half = gaps(teacher, organ) / 2
        result[first], result[second] = middle + half, middle - half
    return result
