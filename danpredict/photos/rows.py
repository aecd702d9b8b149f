"""The measurements of one face as plain numbers, rounded, for JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from danpredict.landmarks.openness import has_openness

if TYPE_CHECKING:
    from danpredict.dlib_compat.detection import Detection
    from danpredict.landmarks.convention import Convention

PIXEL_DECIMALS, ANGLE_DECIMALS, RATIO_DECIMALS, CONFIDENCE_DECIMALS = 3, 2, 4, 4

Face = dict[str, Any]


def _rounded(values: Iterable[float | None], decimals: int) -> list[float | None]:
    """Round to plain floats; None for numbers that are missing or not finite."""
    return [
        None if value is None or not math.isfinite(value) else round(float(value), decimals)
        for value in values
    ]


def _measured(measure: Callable[[], Face]) -> Face | None:
    """The measurement, or None for landmarks without one, such as a face without a size."""
    try:
        return measure()
    except ValueError:
        return None


def _pose(det: Detection) -> Face:
    pose = det.head_pose()
    names = ("yaw", "pitch", "roll")
    values = _rounded((pose.yaw, pose.pitch, pose.roll), ANGLE_DECIMALS)
    std = None if pose.std is None else _rounded(pose.std, ANGLE_DECIMALS)
    return {**dict(zip(names, values, strict=True)), "std": std}


def _openness(det: Detection) -> Face:
    right, left = det.eye_openness
    ratios = (right, left, det.mouth_openness)
    names = ("eye_right", "eye_left", "mouth")
    deviations = [ratio.std for ratio in ratios]
    std = None if None in deviations else _rounded(deviations, RATIO_DECIMALS)
    return {**dict(zip(names, _rounded(ratios, RATIO_DECIMALS), strict=True)), "std": std}


def face_row(det: Detection, convention: Convention) -> Face:
    """The row of a face: box, confidence, landmarks and sigma; for ``ibug68`` pose and openness.

    Lengths are image pixels, angles degrees. What is unknown is None.
    """
    rect = det.rect
    landmarks = np.asarray(det.landmarks, np.float64)
    row: Face = {
        "box": [rect.left(), rect.top(), rect.right(), rect.bottom()],
        "confidence": _rounded([det.confidence], CONFIDENCE_DECIMALS)[0],
    }
    if has_openness(convention):
        row["pose"] = _measured(lambda: _pose(det))
        row["openness"] = _measured(lambda: _openness(det))
    row["landmarks"] = [_rounded(point, PIXEL_DECIMALS) for point in landmarks.tolist()]
    row["sigma"] = (
        None if det.sigma is None else _rounded(np.asarray(det.sigma, float), PIXEL_DECIMALS)
    )
    return row
