"""Lids and inner lips of pseudo-labels come from one teacher, or are left out.

In a mean of teachers, shut eyes are too far open if one teacher does not recognise them.
"""

from __future__ import annotations

import numpy as np

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.gaps import Pairs, gaps
from danpredict.landmarks.openness import LID_PAIRS, LIP_PAIRS

# Pairs of landmarks that are kept or left out together: one eye, the other eye, the mouth.
PARTS = (LID_PAIRS[:2], LID_PAIRS[2:], LIP_PAIRS)
OPENNESS_POINTS = tuple(point for part in PARTS for pair in part for point in pair)

# Limits of `disagreement`, measured on 201 annotated faces with lean68 and an integral teacher.
# Left out by                all eyes  shut eyes  all mouths  wide mouths
#   BETWEEN_TEACHERS             5 %       22 %        12 %      8 of 11
#   WITHIN_TEACHER               2 %        3 %         6 %      2 of 11
# BETWEEN_TEACHERS is safe but drops many of the rare labels. The mouths that WITHIN_TEACHER leaves
# out have 3.4 times the error of the other mouths.
BETWEEN_TEACHERS = 0.014
WITHIN_TEACHER = 0.010


def disagreement(estimates: FloatArray, part: Pairs, scale: float) -> float:
    """How much estimates disagree about how far an eye or the mouth is open.

    This is the mean distance of the vectors of `gaps` from their mean over the estimates.

    Parameters
    ----------
    estimates : (T, 68, 2) float, image pixels
        Landmarks from several teachers, or several estimates from one teacher.
    scale : float
        Inter-ocular distance of the mean shape, fitted to this face, image pixels.

    Returns
    -------
    float, a fraction of the scale
    """
    vectors = gaps(estimates, part)
    return float(np.linalg.norm(vectors - vectors.mean(0), axis=-1).mean() / scale)


def leave_out(
    landmarks: FloatArray, estimates: FloatArray, scale: float, limit: float
) -> FloatArray:
    """Landmarks (68, 2), with NaN for an eye or the mouth if the estimates of it disagree.

    Parameters
    ----------
    estimates, scale
        See `disagreement`.
    limit : float
        An eye or a mouth with a larger `disagreement` is left out.
    """
    result = landmarks.copy()
    for part in PARTS:
        if not disagreement(estimates, part, scale) < limit:
            result[np.unique(part)] = np.nan
    return result
