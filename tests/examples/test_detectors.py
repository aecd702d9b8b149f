"""``examples/detectors.py``: faces found, false faces and time of each detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from danpredict import DANShapePredictor

from ..conftest import Image
from ..faces import write_dataset


def test_detectors_are_compared(
    example: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
) -> None:
    write_dataset(tmp_path, astronaut, predictor(astronaut, rect).landmarks, count=4)
    module = example("detectors")
    monkeypatch.setattr(module, "FACE_FREE", ("coffee", "rocket"))
    assert module.main([str(tmp_path), "--detector", "builtin", "dlib", "--every", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "false faces on 2 pictures" in lines[0]
    for name, line in zip(("builtin", "dlib"), lines[2:], strict=True):
        cells = line.strip("| ").split(" | ")
        assert cells[:4] == [name, "2 of 2", "100.0", "0"]
        assert float(cells[4]) > 0
    assert module.main([str(tmp_path), "--detector", "nobody"]) == 2
    assert "expected a detector out of" in capsys.readouterr().err
