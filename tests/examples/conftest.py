"""The examples, imported as their own folder sees them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType

import pytest

from ..conftest import ROOT


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports a module of ``examples/``."""
    monkeypatch.syspath_prepend(ROOT / "examples")
    return importlib.import_module
