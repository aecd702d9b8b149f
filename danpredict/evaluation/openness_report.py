"""Judge what people see: whether eyes that shut are found, and errors of difficult faces.

For the convention ``ibug68``. A mean error over all landmarks hides lids: on shut eyes a predictor
that always draws them open has a low NME.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.evaluation.metrics import FAILURE
from danpredict.evaluation.significance import CONFIDENCE, RESAMPLES, Interval, interval_of_mean
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import (
    SHUT,
    TURNED,
    WIDE,
    eye_aspect_ratio,
    mouth_aspect_ratio,
    slope,
    turn_ratio,
)

SMALL = 120.0  # pixels; faces whose landmark box has shorter sides count as small
FEWEST = 2  # faces of a group that has an interval


def slope_interval(predicted: FloatArray, true: FloatArray, *, seed: int = 0) -> Interval:
    """95 % percentile bootstrap interval, over faces, of the slope of (N,) values.

    See `danpredict.landmarks.openness.slope` and `danpredict.evaluation.significance.interval_of_mean`.
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
    """How well one ratio, EAR or MAR, is predicted.

    Parameters
    ----------
    predicted, true : (N,) float
        Faces with NaN do not count.

    Returns
    -------
    dict
        ``faces``; ``slope`` of the least-squares line of predicted on true values and its
        ``slope_interval``; ``correlation`` (Pearson); ``error``, the mean absolute one, and its
        ``error_interval``. NaN where there are too few different values.
    """
    known = np.isfinite(predicted) & np.isfinite(true)
    found, truth = predicted[known], true[known]
    nan = float("nan")
    if not len(truth):
        return {"faces": 0, "slope": nan, "slope_interval": (nan, nan), "correlation": nan,
                "error": nan, "error_interval": (nan, nan)}  # fmt: skip
    error = np.abs(found - truth)
    varied = len(truth) > 1 and np.ptp(truth) > 0 and np.ptp(found) > 0
    return {
        "faces": len(truth),
        "slope": slope(found, truth),
        "slope_interval": slope_interval(found, truth),
        "correlation": float(np.corrcoef(found, truth)[0, 1]) if varied else nan,
        "error": float(error.mean()),
        "error_interval": interval_of_mean(error),
    }


def shut_eyes_report(predicted: FloatArray, true: FloatArray) -> dict[str, Any]:
    """How many faces with shut eyes are found, and how many others are taken for such.

    Parameters
    ----------
    predicted, true : (N,) float
        Eye aspect ratios; shut is below `danpredict.landmarks.openness.SHUT`.

    Returns
    -------
    dict
        ``limit``; ``faces`` with truly shut eyes; ``found``, percent of these; ``false``, percent
        of the other faces. NaN where there are no such faces.
    """
    known = np.isfinite(predicted) & np.isfinite(true)
    shut, said = true[known] < SHUT, predicted[known] < SHUT

    def percent(part: NDArray[np.bool_]) -> float:
        return float(100 * part.mean()) if len(part) else float("nan")

    return {
        "limit": SHUT,
        "faces": int(shut.sum()),
        "found": percent(said[shut]),
        "false": percent(said[~shut]),
    }


def group_report(errors: FloatArray, truth: FloatArray) -> dict[str, dict[str, Any]]:
    """Errors of difficult faces, by group; a face may be in several.

    Parameters
    ----------
    errors : (N,) float, fractions of the inter-ocular distance
    truth : (N, 68, 2) float, image pixels

    Returns
    -------
    dict
        Per group ``faces``, ``nme`` and its ``interval``, ``failures``; errors in percent. Groups
        without faces are left out.
    """
    extent = np.nanmax(truth, 1) - np.nanmin(truth, 1)
    groups = {
        "shut eyes": eye_aspect_ratio(truth) < SHUT,
        "wide mouths": mouth_aspect_ratio(truth) > WIDE,
        "turned heads": np.abs(turn_ratio(truth)) > TURNED,
        "small faces": extent.max(1) < SMALL,
    }
    groups["all others"] = ~np.any(list(groups.values()), axis=0)
    report: dict[str, dict[str, Any]] = {}
    for name, members in groups.items():
        values = 100 * errors[members]
        if len(values):
            report[name] = {
                "faces": len(values),
                "nme": float(values.mean()),
                "interval": interval_of_mean(values) if len(values) >= FEWEST else None,
                "failures": float(100 * (values > 100 * FAILURE).mean()),
            }
    return report


def without_nan(value: Any) -> Any:
    """The same figures, nested or not, with None for NaN: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return None if np.isnan(value).any() else value
    return None if isinstance(value, float) and np.isnan(value) else value


def openness_report(predicted: FloatArray, truth: FloatArray, errors: FloatArray) -> dict[str, Any]:
    """All of the above for (N, 68, 2) landmarks, ready for JSON: None stands for NaN.

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
