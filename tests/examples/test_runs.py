"""Repeated measurements of the speed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .conftest import Example, rows_of, short_plan


def test_runs_are_medians_with_the_range_of_the_ratios(example: Example) -> None:
    def run(milliseconds: float) -> dict[str, Any]:
        def timing(median: float) -> dict[str, float]:
            return {"median": median, "low": median, "high": median, "ratio": median / 2}

        call = {"image": "0.3 megapixels", "faces": 1, "threads": 1}
        return {
            "throughput": [{"what": "v", "dlib": {"rate": 9.0, "ratio": 1.0},
                            "danpredict": {"rate": 90 / milliseconds, "ratio": milliseconds}}],
            "starts": {"dlib": dict.fromkeys(("import", "load", "first call", "memory"), 2.0)},
            "calls": [{**call, "dlib": timing(2.0), "danpredict": timing(milliseconds)}],
            "large face": {"dlib": 1.4, "danpredict": 1.2},
            "parts": {}, "sizes": {"dlib": 99.7},
        }  # fmt: skip

    runs = [run(ms) for ms in (1.0, 3.0, 1.5)]
    results = {**example("comparison.runs").median_of(runs), "runs": runs}
    assert results["calls"][0]["danpredict"]["median"] == 1.5
    table = rows_of(example("comparison.speed_report").table(results))
    assert table[0][0] == "medians of 3 runs, range of the ratios"
    assert table[1] == ["1 face, 0.3 megapixels, 1 thread, ms", "2.00", "1.50",
                        "0.75 (0.50 to 1.50)"]  # fmt: skip
    assert table[-1] == ["v", "9.0", "60.0", "1.50 (1.00 to 3.00)"]
    assert table[-2][0].endswith("more is faster")


def test_each_run_is_a_process_of_its_own(example: Example, dlib_model: Path) -> None:
    results = example("comparison.runs").repeat(["danpredict"], dlib_model, short_plan(example), 2)
    medians = [run["calls"][0]["danpredict"]["median"] for run in results["runs"]]
    assert len(set(medians)) == 2
    assert isinstance(results["calls"][0]["faces"], int)
    assert min(medians) <= results["calls"][0]["danpredict"]["median"] <= max(medians)
