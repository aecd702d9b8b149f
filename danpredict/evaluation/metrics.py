"""Errors of landmarks as the literature reports them, and how well a model knows its own errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray

FAILURE = 0.08  # of the inter-ocular distance, as in the 300-W challenge and the DAN paper


def normalised_errors(predicted: FloatArray, truth: FloatArray, scale: FloatArray) -> FloatArray:
    """Mean point distance over a face's scale.

    Parameters
    ----------
    predicted, truth : (N, L, 2) float, image pixels
        Points whose truth is NaN do not count.
    scale : (N,) float, image pixels
        Of `normalisers`.

    Returns
    -------
    (N,) float, a fraction (0.05 is 5 %)
    """
    return np.asarray(np.nanmean(np.linalg.norm(predicted - truth, axis=-1), axis=-1) / scale)


@dataclass(frozen=True)
class Summary:
    """A data set in one row; all figures in percent."""

    faces: int
    nme: float
    median: float
    failures: float
    auc: float


def summarise(errors: FloatArray, threshold: float = FAILURE) -> Summary:
    """Mean, median, share of errors above the threshold, and area under the CED up to it.

    The area under the cumulative error distribution is exact: a face of error e adds
    ``max(0, 1 - e / threshold)``. 100 is perfect.

    Raises
    ------
    ValueError
        No errors, or some that are not finite.
    """
    if errors.ndim != 1 or not errors.size or not np.isfinite(errors).all():
        raise ValueError(f"expected a list of finite errors, got shape {errors.shape}: {errors}")
    return Summary(
        faces=len(errors),
        nme=float(100 * errors.mean()),
        median=float(100 * np.median(errors)),
        failures=float(100 * (errors > threshold).mean()),
        auc=float(100 * np.clip(1 - errors / threshold, 0, None).mean()),
    )


def roc_auc(score: FloatArray, good: NDArray[np.bool_]) -> float:
    """Chance that a good one scores higher than one that is not; ties count half.

    Raises
    ------
    ValueError
        All are good, or none is.
    """
    from scipy.stats import rankdata

    positive, negative = int(good.sum()), int((~good).sum())
    if not positive or not negative:
        raise ValueError(f"expected good and bad ones, got {positive} and {negative}")
    ranks = rankdata(score)[good].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Spearman's correlation of two lists of numbers; ties share their mean rank.

    Raises
    ------
    ValueError
        Fewer than two different numbers in either.
    """
    from scipy.stats import rankdata

    if len(np.unique(first)) < 2 or len(np.unique(second)) < 2:
        raise ValueError("expected different numbers on both sides, got a constant")
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


@dataclass(frozen=True)
class Bin:
    """Cases of similar confidence: its mean, the share that is good, and how many they are."""

    confidence: float
    good: float
    count: int


def reliability(confidence: FloatArray, good: NDArray[np.bool_], bins: int = 10) -> list[Bin]:
    """Compare confidence with what came true, in bins of as many cases each (give or take one)."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return [Bin(float(confidence[p].mean()), float(good[p].mean()), len(p)) for p in parts]
