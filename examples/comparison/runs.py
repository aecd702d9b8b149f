"""Repeat the measurement of the speed in fresh processes: ``compare.py --speed --runs 5``."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from .bench import Bench, Plan
from .contestants import load_all
from .speed import benchmark


def measure(specs: Sequence[str], dlib_model: Path | None, plan: Plan) -> dict[str, Any]:
    """Load the predictors and measure them once."""
    return benchmark(Bench(load_all(specs, dlib_model)), plan)


def median_of(results: Sequence[Any]) -> Any:
    """Results of the same form as one: the median of each number.

    What all results share, such as numbers of faces and names, stays as it is.
    """
    first = results[0]
    if all(result == first for result in results):
        return first
    if isinstance(first, dict):
        return {key: median_of([result[key] for result in results]) for key in first}
    if isinstance(first, list):
        return [median_of(values) for values in zip(*results, strict=True)]
    return statistics.median(results)


def repeat(specs: Sequence[str], dlib_model: Path | None, plan: Plan, runs: int) -> dict[str, Any]:
    """Measure several times, each time in a new process.

    A new process places the models elsewhere in memory, which changes their speed.

    Returns
    -------
    dict
        The medians. ``"runs"`` are the results of each run.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        found = [pool.submit(measure, specs, dlib_model, plan).result() for _ in range(runs)]
    return {**median_of(found), "runs": found}


def runs_of(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of each run."""
    runs: list[dict[str, Any]] = results.get("runs", [results])
    return runs
