"""How far eyes and mouths are open: the ratios that people compute from 68 landmarks.

Sources
-------
Eye aspect ratio (EAR): Soukupova and Cech, "Real-Time Eye Blink Detection using Facial Landmarks",
CVWW 2016, equation 1. Mouth aspect ratio (MAR): the same idea on the inner lips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention

# Outer corner, two points of the upper lid, inner corner, two points of the lower lid, as iBUG
# numbers the eye on the image's left; on the image's right the inner corner comes first.
EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))
LID_PAIRS = ((37, 41), (38, 40), (43, 47), (44, 46))  # upper and lower lid
LIP_PAIRS = ((61, 67), (62, 66), (63, 65))  # upper and lower inner lip
LIP_CORNERS = (60, 64)
# Nose tip and the jaw at the height of the ears, right and left of the person.
NOSE, JAW_SIDES = 30, ((1, 2, 3), (15, 14, 13))

SHUT = 0.2  # eyes with an EAR below count as shut
WIDE = 0.35  # mouths with a MAR above count as wide open
TURNED = 1.2  # heads with a `turn_ratio` of this size or more count as turned


def has_openness(convention: Convention) -> bool:
    """Whether lids and lips of the convention are known: of ``ibug68`` alone."""
    return convention.name == "ibug68"


def require_openness(convention: Convention) -> None:
    """Raise ValueError for a convention whose lids and lips are not known."""
    if not has_openness(convention):
        raise ValueError(
            f"expected the convention 'ibug68', whose lids and lips are known, got {convention.name!r}"
        )


def _distance(landmarks: FloatArray, first: int, second: int) -> NDArray[np.float64]:
    gap = np.asarray(landmarks[..., first, :] - landmarks[..., second, :], np.float64)
    return np.hypot(gap[..., 0], gap[..., 1])


def eye_aspect_ratio(landmarks: FloatArray) -> NDArray[np.float64]:
    """Mean over both eyes of ``(|p1 p5| + |p2 p4|) / (2 |p0 p3|)``.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (...) float
        About 0.3 for open eyes; NaN where a landmark of the eyes is NaN.
    """
    ratios = [
        (_distance(landmarks, p1, p5) + _distance(landmarks, p2, p4))
        / np.maximum(2 * _distance(landmarks, p0, p3), 1e-9)
        for p0, p1, p2, p3, p4, p5 in EYES
    ]
    return np.asarray((ratios[0] + ratios[1]) / 2, np.float64)


def mouth_aspect_ratio(landmarks: FloatArray) -> NDArray[np.float64]:
    """``|62 66| / |60 64|``: height over width of the inner lips.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (...) float
        0 for a shut mouth; NaN where one of the four landmarks is NaN.
    """
    width = np.maximum(_distance(landmarks, *LIP_CORNERS), 1e-9)
    return np.asarray(_distance(landmarks, *LIP_PAIRS[1]) / width, np.float64)


def turn_ratio(landmarks: FloatArray) -> NDArray[np.float64]:
    """How far a head is turned to a side: logarithm of the ratio of its two halves.

    The halves are the mean distances from the nose tip to the jaw at the height of the ears.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (...) float
        0 for a frontal face, negative where the half on the image's left is the narrower one.
    """
    halves = [
        np.mean([_distance(landmarks, NOSE, point) for point in side], axis=0) for side in JAW_SIDES
    ]
    return np.asarray(np.log(np.maximum(halves[0], 1e-9) / np.maximum(halves[1], 1e-9)))


def slope(predicted: FloatArray, true: FloatArray) -> float:
    """Slope of the least-squares line of predicted on true values (N,).

    1 is right; below, a predictor shrinks differences towards the mean. Pairs with NaN do not
    count; NaN where fewer than two different true values are left.
    """
    known = np.isfinite(predicted) & np.isfinite(true)
    x, y = np.asarray(true, np.float64)[known], np.asarray(predicted, np.float64)[known]
    if len(x) < 2 or np.ptp(x) == 0:
        return float("nan")
    x = x - x.mean()
    return float((x * y).sum() / (x * x).sum())


def openness_scores(predicted: FloatArray, truth: FloatArray, nme: float) -> dict[str, float]:
    """What a training run logs about openness beside the NME.

    Parameters
    ----------
    predicted, truth : (N, 68, 2) float, any unit
        Faces with NaN among the landmarks in question do not count.
    nme : float
        In percent.

    Returns
    -------
    dict
        ``ear_slope``, ``mar_slope``: see `slope`; ``ear_error``: mean absolute error of the eye
        aspect ratio; ``score``: ``nme + |1 - ear_slope| + |1 - mar_slope|``, lower is better. By
        this score two models compare: a slope that is nearer to 1 by 0.1 is worth 0.1 points of
        NME.
    """
    ear, true_ear = eye_aspect_ratio(predicted), eye_aspect_ratio(truth)
    ear_slope = slope(ear, true_ear)
    mar_slope = slope(mouth_aspect_ratio(predicted), mouth_aspect_ratio(truth))
    return {
        "ear_slope": ear_slope,
        "mar_slope": mar_slope,
        "ear_error": float(np.nanmean(np.abs(ear - true_ear))),
        "score": nme + abs(1 - ear_slope) + abs(1 - mar_slope),
    }
