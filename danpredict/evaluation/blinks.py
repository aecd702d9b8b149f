"""Blinks in a video: how well the eye aspect ratio separates shut eyes from open eyes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from danpredict.evaluation.metrics import roc_auc
from danpredict.geometry.similarity import FloatArray

HALF = 0.5  # of the open eyes' ratio: a common threshold of blink counters


def blink_report(
    ratios: FloatArray, shut: Collection[int], unclear: Collection[int] = ()
) -> dict[str, Any]:
    """Compare the eye aspect ratios of a clip with the frames in which the eyes are shut.

    Parameters
    ----------
    ratios : (F,) float
        `danpredict.landmarks.openness.eye_aspect_ratio` of one face in each frame. NaN if the face
        was not found. Such a frame counts as "not below half". The other figures ignore it.
    shut : frame numbers, from 0
    unclear : frame numbers
        Frames that are neither shut nor open. They are left out.

    Returns
    -------
    dict
        ``shut`` and ``open``: numbers of frames. ``open_median``, ``shut_median`` and
        ``shut_highest``: ratios. ``below_half``: percent of the shut frames whose ratio is below
        half of ``open_median``. ``false_below_half``: the same of the open frames. ``roc_auc``:
        probability that an open frame has a higher ratio than a shut one.

    Raises
    ------
    ValueError
        The face was found in no shut frame or in no open frame, or a frame number is not in the
        clip.
    """
    ratios = np.asarray(ratios, np.float64)
    numbers = [*shut, *unclear]
    if numbers and not 0 <= min(numbers) <= max(numbers) < len(ratios):
        raise ValueError(
            f"expected frame numbers from 0 to {len(ratios) - 1}, got {sorted(numbers)}"
        )
    is_shut = np.isin(np.arange(len(ratios)), list(shut))
    is_open = ~is_shut & ~np.isin(np.arange(len(ratios)), list(unclear))
    found = np.isfinite(ratios)
    if not (is_shut & found).any() or not (is_open & found).any():
        raise ValueError(
            f"expected the face in shut and in open frames, got it in {(is_shut & found).sum()} of "
            f"{is_shut.sum()} shut and {(is_open & found).sum()} of {is_open.sum()} open frames"
        )
    median = float(np.median(ratios[is_open & found]))
    below = found & (np.nan_to_num(ratios, nan=np.inf) < HALF * median)
    counted = found & (is_shut | is_open)
    return {
        "shut": int(is_shut.sum()),
        "open": int(is_open.sum()),
        "open_median": median,
        "shut_median": float(np.median(ratios[is_shut & found])),
        "shut_highest": float(ratios[is_shut & found].max()),
        "below_half": float(100 * below[is_shut].mean()),
        "false_below_half": float(100 * below[is_open].mean()),
        "roc_auc": roc_auc(ratios[counted], is_open[counted]),
    }
