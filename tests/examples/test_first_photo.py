"""The small examples: the first photo, and the time of the parts of a call."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from ..conftest import ROOT, Image

SCRIPT = str(ROOT / "examples" / "first_photo.py")


@pytest.mark.parametrize("own", [True, False])
def test_the_first_photo(
    own: bool, tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    photo = astronaut[:300, 60:400]
    cv2.imwrite("photo.png", photo[..., ::-1])
    monkeypatch.setattr(sys, "argv", [SCRIPT, "photo.png"] if own else [SCRIPT])
    runpy.run_path(SCRIPT)
    assert capsys.readouterr().out == "confidence 0.99\n"
    picture = cv2.imread("first_photo.png")
    assert picture is not None
    before = photo if own else astronaut
    assert picture.shape == before.shape
    changed = (picture[..., ::-1] != before).any(2)
    assert 68 * 4 < changed.sum() < 68 * 60  # dots, the frame of the box and the confidence


def test_a_photo_without_a_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2.imwrite(str(tmp_path / "empty.png"), np.full((90, 90, 3), 127, np.uint8))
    monkeypatch.setattr(sys, "argv", [SCRIPT, str(tmp_path / "empty.png")])
    with pytest.raises(SystemExit, match="no face found"):
        runpy.run_path(SCRIPT)


def test_where_the_time_goes(
    example: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = example("profile_face")
    monkeypatch.setattr(module, "SECONDS", 0.02)
    assert module.main([]) == 0
    assert "| stage 2's network (ONNX Runtime) |" in capsys.readouterr().out
