"""Bootstrap intervals, and paired tests of two predictors on the same faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from danpredict.evaluation.metrics import FAILURE
from danpredict.geometry.similarity import FloatArray

CONFIDENCE = 0.95
RESAMPLES = 4000
SIGNIFICANT = 0.05  # a difference is significant if its p-value is smaller

Interval = tuple[float, float]


def interval_of_mean(values: FloatArray, *, seed: int = 0) -> Interval:
    """95 % percentile bootstrap interval of the mean of (N,) values.

    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Raises
    ------
    ValueError
        No values, or values that are not finite.
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"expected an array (N,) of finite values, got {values!r}")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values[drawn].mean(1), [tail, 100 - tail])
    return float(low), float(high)


@dataclass(frozen=True)
class Difference:
    """The difference of two predictors on the same faces, in percent points.

    Attributes
    ----------
    faces : int
    nme, failures : float
        First minus second predictor: negative if the first is better.
    nme_interval : (low, high)
        95 % bootstrap interval over the faces.
    nme_p : float
        p-value of Wilcoxon's signed-rank test on the errors, two-sided.
    failures_p : float
        p-value of the exact McNemar test: a sign test on the faces that only one predictor fails
        on.
    """

    faces: int
    nme: float
    nme_interval: Interval
    nme_p: float
    failures: float
    failures_p: float

    @property
    def verdict(self) -> str:
        """The difference in words; it is reported only if it is significant (p < 0.05)."""
        words = []
        for what, amount, p in (
            ("NME", self.nme, self.nme_p), ("failures", self.failures, self.failures_p)
        ):  # fmt: skip
            if p >= SIGNIFICANT or amount == 0:
                words.append(f"{what}: no difference shown")
            else:
                words.append(f"{what}: {'lower' if amount < 0 else 'higher'}")
        return ", ".join(words)

    def __str__(self) -> str:
        """All figures in one line."""
        low, high = self.nme_interval
        return (
            f"NME {self.nme:+.2f} ({low:+.2f} to {high:+.2f}, p {self.nme_p:.1g}), above 8 % "
            f"{self.failures:+.1f} (p {self.failures_p:.1g}); {self.verdict}"
        )


def compare_paired(first: FloatArray, second: FloatArray) -> Difference:
    """Compare the errors of two predictors on the same faces.

    Parameters
    ----------
    first, second : (N,) float, fractions (0.05 is 5 %)
        Errors on the same faces in the same order.

    Raises
    ------
    ValueError
        The numbers of errors differ, or there are none.
    """
    from scipy.stats import binomtest, wilcoxon

    a, b = np.asarray(first, float), np.asarray(second, float)
    if a.shape != b.shape:
        raise ValueError(f"expected errors of the same faces, got {len(a)} and {len(b)}")
    difference = a - b
    low, high = interval_of_mean(difference)
    only_first = int(((a > FAILURE) & (b <= FAILURE)).sum())
    only_second = int(((b > FAILURE) & (a <= FAILURE)).sum())
    only_one = only_first + only_second
    return Difference(
        faces=len(a),
        nme=float(100 * difference.mean()),
        nme_interval=(100 * low, 100 * high),
        nme_p=float(wilcoxon(a, b).pvalue) if np.any(difference) else 1.0,
        failures=100 * (only_first - only_second) / len(a),
        failures_p=float(binomtest(only_first, only_one).pvalue) if only_one else 1.0,
    )
