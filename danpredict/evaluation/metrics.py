"""Errors of landmarks as the literature reports them, and measures of uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray

FAILURE = 0.08  # of the inter-ocular distance, as in the 300-W challenge and the DAN paper


def normalised_errors(predicted: FloatArray, truth: FloatArray, scale: FloatArray) -> FloatArray:
    """Mean distance of the landmarks from the truth, divided by the normaliser, for each face.

    Parameters
    ----------
    predicted, truth : (N, L, 2) float, image pixels
        Landmarks whose truth is NaN do not count.
    scale : (N,) float, image pixels
        The normaliser; see `danpredict.landmarks.normalisation.normalisers`.

    Returns
    -------
    (N,) float
        Fractions: 0.05 is 5 %.
    """
    return np.asarray(np.nanmean(np.linalg.norm(predicted - truth, axis=-1), axis=-1) / scale)


@dataclass(frozen=True)
class Summary:
    """The errors of a data set, in percent.

    Attributes
    ----------
    faces : int
    nme : float
        Normalised mean error: the mean over the faces.
    median : float
    failures : float
        Share of the faces with an error above the threshold.
    auc : float
        Area under the cumulative error distribution up to the threshold; 100 is perfect.
    """

    faces: int
    nme: float
    median: float
    failures: float
    auc: float


def summarise(errors: FloatArray, threshold: float = FAILURE) -> Summary:
    """Summarise (N,) errors, which are fractions of the normaliser.

    The area under the cumulative error distribution is exact: a face of error e contributes
    ``max(0, 1 - e / threshold)``.

    Raises
    ------
    ValueError
        No errors, or errors that are not finite.
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
    """Area under the ROC curve of N cases.

    It is the probability that a good case has a higher score than a bad one; ties count half.

    Raises
    ------
    ValueError
        All cases are good, or all are bad.
    """
    from scipy.stats import mannwhitneyu

    positive, negative = int(good.sum()), int((~good).sum())
    if not positive or not negative:
        raise ValueError(f"expected good and bad cases, got {positive} good and {negative} bad")
    # The p-value is not used. The asymptotic method avoids computing it exactly, which takes long.
    pairs = mannwhitneyu(score[good], score[~good], method="asymptotic").statistic
    return float(pairs / (positive * negative))


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rank correlation of two (N,) arrays.

    Raises
    ------
    ValueError
        One of them has fewer than two different values.
    """
    from scipy.stats import spearmanr

    if len(np.unique(first)) < 2 or len(np.unique(second)) < 2:
        raise ValueError("expected different values in both arrays, got a constant array")
    return float(spearmanr(first, second).statistic)


@dataclass(frozen=True)
class Bin:
    """Cases of similar confidence.

    Attributes
    ----------
    confidence : float
        Mean confidence.
    good : float
        Share of good cases, 0 to 1.
    count : int
    """

    confidence: float
    good: float
    count: int


def reliability(confidence: FloatArray, good: NDArray[np.bool_], bins: int = 10) -> list[Bin]:
    """Compare confidence with the share of good cases, in bins of equal counts (within one)."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return [Bin(float(confidence[p].mean()), float(good[p].mean()), len(p)) for p in parts]
