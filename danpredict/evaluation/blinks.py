"""Judge blinks in a video: how well the eye aspect ratio separates shut from open eyes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from danpredict.evaluation.metrics import roc_auc
from danpredict.geometry.similarity import FloatArray

HALF = 0.5  # programs that count blinks often ask for so much of the open eyes' ratio


def blink_report(
    ratios: FloatArray, shut: Collection[int], unclear: Collection[int] = ()
) -> dict[str, Any]:
    """Compare the eye aspect ratios of a clip with the frames in which the eyes are shut.

    Parameters
    ----------
    ratios : (F,) float
        `danpredict.landmarks.openness.eye_aspect_ratio` of one face in every frame; NaN where the face was
        not found. Such frames count as not below half, and not in the rest.
    shut : frame numbers, from 0
    unclear : frame numbers
        Left out, as neither shut nor open.

    Returns
    -------
    dict
        ``shut`` and ``open``: numbers of frames; ``open_median``, ``shut_median`` and
        ``shut_highest``: ratios; ``below_half``: percent of the shut frames whose ratio is below
        half of ``open_median``; ``false_below_half``: the same of the open frames; ``roc_auc``:
        chance that an open frame has a higher ratio than a shut one.

    Raises
    ------
    ValueError
        No frame is shut or none is open, a frame number is not in the clip, or the face was found
        in none of the shut or of the open frames.
    """
    ratios = np.asarray(ratios, np.float64)
    numbers = [*shut, *unclear]
    if numbers and not 0 <= min(numbers) <= max(numbers) < len(ratios):
        raise ValueError(f"expected frames from 0 to {len(ratios) - 1}, got {sorted(numbers)}")
    is_shut = np.isin(np.arange(len(ratios)), list(shut))
    is_open = ~is_shut & ~np.isin(np.arange(len(ratios)), list(unclear))
    seen = np.isfinite(ratios)
    if not (is_shut & seen).any() or not (is_open & seen).any():
        raise ValueError(
            f"expected the face in shut and in open frames, found it in {(is_shut & seen).sum()} "
            f"of {is_shut.sum()} and {(is_open & seen).sum()} of {is_open.sum()}"
        )
    median = float(np.median(ratios[is_open & seen]))
    below = seen & (np.nan_to_num(ratios, nan=np.inf) < HALF * median)
    counted = seen & (is_shut | is_open)
    return {
        "shut": int(is_shut.sum()),
        "open": int(is_open.sum()),
        "open_median": median,
        "shut_median": float(np.median(ratios[is_shut & seen])),
        "shut_highest": float(ratios[is_shut & seen].max()),
        "below_half": float(100 * below[is_shut].mean()),
        "false_below_half": float(100 * below[is_open].mean()),
        "roc_auc": roc_auc(ratios[counted], is_open[counted]),
    }
