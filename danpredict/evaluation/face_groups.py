"""Errors of difficult faces, by group: of one predictor, or of two compared face by face.

For the convention ``ibug68``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.evaluation.metrics import FAILURE
from danpredict.evaluation.significance import Difference, compare_paired, interval_of_mean
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import (
    SHUT,
    TURNED,
    WIDE,
    eye_aspect_ratio,
    mouth_aspect_ratio,
    turn_ratio,
)

SMALL = 120.0  # pixels; faces are small if both sides of the landmarks' tight box are shorter
MIN_FACES = 2  # of a group that gets an interval or a comparison


def face_groups(truth: FloatArray) -> dict[str, NDArray[np.bool_]]:
    """Which faces belong to each group. A face may belong to several.

    Parameters
    ----------
    truth : (N, 68, 2) float, image pixels

    Returns
    -------
    dict of (N,) bool
        Shut eyes, wide mouths, turned heads, small faces, and all others.
    """
    extent = np.nanmax(truth, 1) - np.nanmin(truth, 1)
    groups: dict[str, NDArray[np.bool_]] = {
        "shut eyes": eye_aspect_ratio(truth) < SHUT,
        "wide mouths": mouth_aspect_ratio(truth) > WIDE,
        "turned heads": np.abs(turn_ratio(truth)) > TURNED,
        "small faces": extent.max(1) < SMALL,
    }
    groups["all others"] = ~np.any(list(groups.values()), axis=0)
    return groups


def group_report(errors: FloatArray, truth: FloatArray) -> dict[str, dict[str, Any]]:
    """Errors of one predictor, by group.

    Parameters
    ----------
    errors : (N,) float, fractions of the inter-ocular distance
    truth : (N, 68, 2) float, image pixels

    Returns
    -------
    dict
        For each group ``faces``, ``nme`` and its 95 % ``interval``, ``failures``; errors in
        percent. Groups without faces are left out.
    """
    report: dict[str, dict[str, Any]] = {}
    for name, members in face_groups(truth).items():
        values = 100 * errors[members]
        if len(values):
            report[name] = {
                "faces": len(values),
                "nme": float(values.mean()),
                "interval": interval_of_mean(values) if len(values) >= MIN_FACES else None,
                "failures": float(100 * (values > 100 * FAILURE).mean()),
            }
    return report


def paired_groups(
    first: FloatArray, second: FloatArray, truth: FloatArray
) -> dict[str, Difference]:
    """Compare two predictors on the same faces, by group.

    The tests are not corrected for the number of groups.

    Parameters
    ----------
    first, second : (N,) float, fractions of the inter-ocular distance
        Errors on the same faces in the same order.
    truth : (N, 68, 2) float, image pixels

    Returns
    -------
    dict
        `danpredict.evaluation.significance.compare_paired` of each group. Groups with fewer than
        two faces are left out.

    Raises
    ------
    ValueError
        The numbers of errors and faces differ.
    """
    if not len(first) == len(second) == len(truth):
        raise ValueError(
            f"expected two errors for each of {len(truth)} faces, got {len(first)} and "
            f"{len(second)}"
        )
    return {
        name: compare_paired(first[members], second[members])
        for name, members in face_groups(truth).items()
        if members.sum() >= MIN_FACES
    }
