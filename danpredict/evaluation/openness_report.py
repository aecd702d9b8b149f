"""How well open and shut eyes and mouths are predicted, and the errors of difficult faces.

For the convention ``ibug68``. The mean error over all landmarks hides errors of the eyelids: a
predictor that always draws open eyes has a low NME even on shut eyes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.evaluation.face_groups import group_report
from danpredict.evaluation.significance import CONFIDENCE, RESAMPLES, Interval, interval_of_mean
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import (
    LID_PAIRS,
    LIP_PAIRS,
    SHUT,
    WIDE,
    eye_aspect_ratio,
    mouth_aspect_ratio,
    slope,
)


def slope_interval(predicted: FloatArray, true: FloatArray, *, seed: int = 0) -> Interval:
    """95 % percentile bootstrap interval over N faces of `danpredict.landmarks.openness.slope`.

    See `danpredict.evaluation.significance.interval_of_mean`. NaN if all true values are equal.
    """
    x, y = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(x), (RESAMPLES, len(x)))
    x, y = x[drawn], y[drawn]
    x = x - x.mean(1, keepdims=True)
    power = (x * x).sum(1)
    slopes = (x * y).sum(1)[power > 0] / power[power > 0]
    if not len(slopes):
        return float("nan"), float("nan")
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(slopes, [tail, 100 - tail])
    return float(low), float(high)


def ratio_report(predicted: FloatArray, true: FloatArray) -> dict[str, Any]:
    """How well an aspect ratio of eyes (EAR) or mouths (MAR) is predicted.

    Parameters
    ----------
    predicted, true : (N,) float
        Faces with NaN do not count.

    Returns
    -------
    dict
        ``faces``: their number. ``slope`` of the least-squares line from true to predicted values,
        and ``slope_interval``. ``correlation``: Pearson's. ``error``: the mean absolute error, and
        ``error_interval``. Figures are NaN if there are too few different values.
    """
    known = np.isfinite(predicted) & np.isfinite(true)
    predicted, true = predicted[known], true[known]
    nan = float("nan")
    if not len(true):
        return {"faces": 0, "slope": nan, "slope_interval": (nan, nan), "correlation": nan,
                "error": nan, "error_interval": (nan, nan)}  # fmt: skip
    error = np.abs(predicted - true)
    varied = len(true) > 1 and np.ptp(true) > 0 and np.ptp(predicted) > 0
    return {
        "faces": len(true),
        "slope": slope(predicted, true),
        "slope_interval": slope_interval(predicted, true),
        "correlation": float(np.corrcoef(predicted, true)[0, 1]) if varied else nan,
        "error": float(error.mean()),
        "error_interval": interval_of_mean(error),
    }


def shut_eyes_report(predicted: FloatArray, true: FloatArray) -> dict[str, Any]:
    """How often shut eyes are predicted for faces with shut eyes, and for other faces.

    Parameters
    ----------
    predicted, true : (N,) float
        Eye aspect ratios; NaN if unknown. Eyes are shut below `danpredict.landmarks.openness.SHUT`.

    Returns
    -------
    dict
        ``limit``: below it eyes are shut. ``faces``: number of faces with truly shut eyes.
        ``found``: percent of these that are predicted as shut. ``false``: percent of the other
        faces that are predicted as shut. NaN if there are no such faces.
    """
    known = np.isfinite(predicted) & np.isfinite(true)
    shut, predicted_shut = true[known] < SHUT, predicted[known] < SHUT

    def percent(members: NDArray[np.bool_]) -> float:
        return float(100 * members.mean()) if len(members) else float("nan")

    return {
        "limit": SHUT,
        "faces": int(shut.sum()),
        "found": percent(predicted_shut[shut]),
        "false": percent(predicted_shut[~shut]),
    }


def openness_sigma_report(
    sigma: FloatArray, distances: FloatArray, truth: FloatArray
) -> dict[str, float]:
    """Mean sigma divided by the mean error, of lids on shut eyes and of inner lips of wide mouths.

    Parameters
    ----------
    sigma, distances : (N, 68) float, image pixels
        Expected and true error of each landmark; NaN if the true position is unknown.
    truth : (N, 68, 2) float, image pixels

    Returns
    -------
    dict
        ``lids_of_shut_eyes`` and ``lips_of_wide_mouths``: 1 is right, below 1 sigma is too small.
        Left out if there are no such faces.
    """
    cases = {
        "lids_of_shut_eyes": (eye_aspect_ratio(truth) < SHUT, LID_PAIRS),
        "lips_of_wide_mouths": (mouth_aspect_ratio(truth) > WIDE, LIP_PAIRS),
    }
    report = {}
    for name, (members, pairs) in cases.items():
        part = np.ix_(members, np.unique(pairs))
        known = np.isfinite(distances[part])
        if known.any():
            report[name] = float(sigma[part][known].mean() / distances[part][known].mean())
    return report


def without_nan(value: Any) -> Any:
    """Replace NaN by None in nested dictionaries, because JSON has no NaN."""
    if isinstance(value, dict):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return None if np.isnan(value).any() else value
    return None if isinstance(value, float) and np.isnan(value) else value


def openness_report(predicted: FloatArray, truth: FloatArray, errors: FloatArray) -> dict[str, Any]:
    """All figures of eyes, mouths and difficult faces, ready for JSON; None instead of NaN.

    Parameters
    ----------
    predicted, truth : (N, 68, 2) float, image pixels
    errors : (N,) float, fractions of the inter-ocular distance
    """
    ear, true_ear = eye_aspect_ratio(predicted), eye_aspect_ratio(truth)
    mar, true_mar = mouth_aspect_ratio(predicted), mouth_aspect_ratio(truth)
    report: dict[str, Any] = without_nan(
        {
            "ear": ratio_report(ear, true_ear),
            "mar": ratio_report(mar, true_mar),
            "shut_eyes": shut_eyes_report(ear, true_ear),
            "groups": group_report(errors, truth),
        }
    )
    return report
