"""How far eyes and mouths are open: aspect ratios of the 68 landmarks of iBUG.

Sources
-------
Eye aspect ratio (EAR): Soukupova and Cech, "Real-Time Eye Blink Detection using Facial Landmarks",
CVWW 2016, equation 1. Mouth aspect ratio (MAR): the same ratio for the inner lips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention

# Corner, two landmarks of the upper lid, other corner, two landmarks of the lower lid. The first
# corner is the outer one for the eye on the image's left, the inner one for the other eye.
EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))
LID_PAIRS = ((37, 41), (38, 40), (43, 47), (44, 46))  # upper and lower lid
LIP_PAIRS = ((61, 67), (62, 66), (63, 65))  # upper and lower inner lip
LIP_CORNERS = (60, 64)
# Nose tip, and the jaw at the height of the ears: the person's right and left.
NOSE, JAW_SIDES = 30, ((1, 2, 3), (15, 14, 13))

SHUT = 0.2  # eyes with a smaller EAR count as shut
WIDE = 0.35  # mouths with a larger MAR count as wide open
TURNED = 1.2  # heads with a `turn_ratio` beyond ±TURNED count as turned


def has_openness(convention: Convention) -> bool:
    """Whether the lids and lips of the convention are known. Only those of ``ibug68`` are."""
    return convention.name == "ibug68"


def require_openness(convention: Convention) -> None:
    """Raise ValueError for a convention whose lids and lips are not known."""
    if not has_openness(convention):
        raise ValueError(
            "expected the convention 'ibug68', the only one with known lids and lips, "
            f"got {convention.name!r}"
        )


def _distance(landmarks: FloatArray, first: int, second: int) -> NDArray[np.float64]:
    gap = np.asarray(landmarks[..., first, :] - landmarks[..., second, :], np.float64)
    return np.hypot(gap[..., 0], gap[..., 1])


def eye_aspect_ratios(landmarks: FloatArray) -> NDArray[np.float64]:
    """``(|p1 p5| + |p2 p4|) / (2 |p0 p3|)`` of the person's right and left eye.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (..., 2) float
        About 0.3 for open eyes; NaN if a landmark of the eye is NaN.
    """
    ratios = [
        (_distance(landmarks, p1, p5) + _distance(landmarks, p2, p4))
        / np.maximum(2 * _distance(landmarks, p0, p3), 1e-9)
        for p0, p1, p2, p3, p4, p5 in EYES
    ]
    return np.stack(ratios, -1)


def eye_aspect_ratio(landmarks: FloatArray) -> NDArray[np.float64]:
    """Mean over both eyes of `eye_aspect_ratios`.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (...) float
        About 0.3 for open eyes; NaN if a landmark of the eyes is NaN.
    """
    ratios = eye_aspect_ratios(landmarks)
    return np.asarray((ratios[..., 0] + ratios[..., 1]) / 2, np.float64)


def mouth_aspect_ratio(landmarks: FloatArray) -> NDArray[np.float64]:
    """``|62 66| / |60 64|``: height of the inner lips divided by their width.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (...) float
        0 for a shut mouth; NaN if one of the four landmarks is NaN.
    """
    width = np.maximum(_distance(landmarks, *LIP_CORNERS), 1e-9)
    return np.asarray(_distance(landmarks, *LIP_PAIRS[1]) / width, np.float64)


def turn_ratio(landmarks: FloatArray) -> NDArray[np.float64]:
    """How far a head is turned to a side: the logarithm of the ratio of its two half widths.

    The half widths are the mean distances from the nose tip to the jaw at the height of the ears.

    Parameters
    ----------
    landmarks : (..., 68, 2) float, any unit

    Returns
    -------
    (...) float
        0 for a frontal face; negative if the half on the image's left is narrower.
    """
    halves = [
        np.mean([_distance(landmarks, NOSE, point) for point in side], axis=0) for side in JAW_SIDES
    ]
    return np.asarray(np.log(np.maximum(halves[0], 1e-9) / np.maximum(halves[1], 1e-9)))


def slope(predicted: FloatArray, true: FloatArray) -> float:
    """Slope of the least-squares line through (N,) true and predicted values.

    1 is correct. Below 1, the predictor shrinks differences towards the mean. Pairs with NaN are
    left out. The result is NaN if fewer than two different true values are left.
    """
    known = np.isfinite(predicted) & np.isfinite(true)
    x, y = np.asarray(true, np.float64)[known], np.asarray(predicted, np.float64)[known]
    if len(x) < 2 or np.ptp(x) == 0:
        return float("nan")
    x = x - x.mean()
    return float((x * y).sum() / (x * x).sum())


def openness_scores(predicted: FloatArray, truth: FloatArray, nme: float) -> dict[str, float]:
    """Scores of openness that a training run logs in addition to the NME.

    Parameters
    ----------
    predicted, truth : (N, 68, 2) float, any unit
        Faces with NaN among the landmarks used are left out.
    nme : float
        Normalised mean error, percent.

    Returns
    -------
    dict
        ``ear_slope`` and ``mar_slope``: see `slope`. ``ear_error``: mean absolute error of the eye
        aspect ratio. ``score``: ``nme + |1 - ear_slope| + |1 - mar_slope|``; lower is better, and a
        slope that is nearer to 1 by 0.1 is worth 0.1 percentage points of NME.
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
