"""The examples, imported as their own folder sees them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ..conftest import ROOT

Example = Callable[[str], ModuleType]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Example:
    """Imports a module of ``examples/``."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    return importlib.import_module


@pytest.fixture
def both(example: Example, dlib_model: Path) -> list[Any]:
    """dlib and danpredict, as `comparison.contestants.Contestant`."""
    contestants = example("comparison.contestants")
    found: list[Any] = contestants.load_all(["dlib", "danpredict"], dlib_model)
    return found


def short_plan(example: Example) -> Any:
    """Measurements of a moment, as `comparison.bench.Plan`."""
    return example("comparison.bench").Plan(
        starts=1, seconds=0.02, sizes=((512, 512), (600, 700)), faces=(1, 2), growth_faces=(1, 2),
        growth_sides=(512, 600),
    )  # fmt: skip


def rows_of(printed: str) -> list[list[str]]:
    """Cells of the rows of Markdown tables."""
    rows = [line for line in printed.splitlines() if line.startswith("| ") and "---" not in line]
    return [row.strip("| ").split(" | ") for row in rows]
