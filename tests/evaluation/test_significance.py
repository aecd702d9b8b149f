"""Intervals and tests, on errors whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from danpredict.evaluation.significance import compare_paired, interval_of_mean


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        low, high = interval_of_mean(rng.normal(3, 1, 60), seed=seed)
        held += low <= 3 <= high
    assert 180 <= held <= 199  # 190 expected


def test_a_difference_is_called_one_only_when_it_is() -> None:
    rng = np.random.default_rng(1)
    errors = rng.uniform(0.02, 0.12, 200)
    same = compare_paired(errors + rng.normal(0, 0.003, 200), errors)
    assert "lower" not in same.verdict
    assert "higher" not in same.verdict
    assert same.nme_interval[0] < 0 < same.nme_interval[1]
    better = compare_paired(errors * 0.7, errors)
    assert better.verdict == "NME: lower, failures: lower"
    assert better.nme_interval[0] < better.nme < better.nme_interval[1] < 0
    worse = compare_paired(errors, errors * 0.7)
    assert worse.verdict == "NME: higher, failures: higher"
    assert worse.nme == -better.nme
    assert worse.failures_p == better.failures_p


def test_equal_errors_are_no_difference() -> None:
    errors = np.full(5, 0.05)
    equal = compare_paired(errors, errors)
    assert (equal.nme, equal.nme_p, equal.failures_p) == (0, 1, 1)
    assert equal.verdict == "NME: no difference shown, failures: no difference shown"


def test_bad_input_says_so() -> None:
    with pytest.raises(ValueError, match="same faces"):
        compare_paired(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="finite"):
        interval_of_mean(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="finite"):
        interval_of_mean(np.array([]))
