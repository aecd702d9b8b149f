"""How sure a figure is: bootstrap intervals, and paired tests on the same faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from danpredict.evaluation.metrics import FAILURE
from danpredict.geometry.similarity import FloatArray

CONFIDENCE = 0.95
RESAMPLES = 4000
SIGNIFICANT = 0.05  # a difference that chance makes more seldom is called one

Interval = tuple[float, float]


def interval_of_mean(values: FloatArray, *, seed: int = 0) -> Interval:
    """95 % percentile bootstrap interval of the mean of (N,) values.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Raises
    ------
    ValueError
        No values, or some that are not finite.
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"expected a list of finite values, got {values!r}")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values[drawn].mean(1), [tail, 100 - tail])
    return float(low), float(high)


@dataclass(frozen=True)
class Difference:
    """What one predictor has more than another on the same faces; percent points.

    Attributes
    ----------
    nme, failures : float
        First minus second; negative where the first is better.
    nme_interval : 95 % bootstrap interval over faces
    nme_p : float
        Of Wilcoxon's signed-rank test on the faces' errors, two-sided.
    failures_p : float
        Of the exact McNemar test: a sign test on the faces that one alone fails on.
    """

    nme: float
    nme_interval: Interval
    nme_p: float
    failures: float
    failures_p: float

    @property
    def verdict(self) -> str:
        """In words; a difference is called one only where chance hardly makes it."""
        words = []
        for what, amount, p in (
            ("NME", self.nme, self.nme_p), ("failures", self.failures, self.failures_p)
        ):  # fmt: skip
            if p >= SIGNIFICANT or amount == 0:
                words.append(f"{what}: no difference shown")
            else:
                words.append(f"{what}: {'lower' if amount < 0 else 'higher'}")
        return ", ".join(words)


def compare_paired(first: FloatArray, second: FloatArray) -> Difference:
    """Compare the errors of two predictors on the same faces.

    Parameters
    ----------
    first, second : (N,) float, fractions (0.05 is 5 %)
        In the same order of faces.

    Raises
    ------
    ValueError
        Not as many of one as of the other, or none.
    """
    from scipy.stats import binomtest, wilcoxon

    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape:
        raise ValueError(f"expected errors of the same faces, got {len(a)} and {len(b)}")
    apart = a - b
    low, high = interval_of_mean(apart)
    only_first = int(((a > FAILURE) & (b <= FAILURE)).sum())
    only_second = int(((b > FAILURE) & (a <= FAILURE)).sum())
    unequal = only_first + only_second
    return Difference(
        nme=float(100 * apart.mean()),
        nme_interval=(100 * low, 100 * high),
        nme_p=float(wilcoxon(a, b).pvalue) if np.any(apart) else 1.0,
        failures=100 * (only_first - only_second) / len(a),
        failures_p=float(binomtest(only_first, unequal).pvalue) if unequal else 1.0,
    )
