"""The README's diagram: drawn from what the shipped model really does."""

from __future__ import annotations

import importlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor
from danpredict.model.file import read_model
from danpredict.model.zoo import find_model

from ..conftest import ROOT


def test_the_diagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples")
    example = importlib.import_module("how_it_works")
    image = example.rolled(example.ROLL)
    inside = example.look_inside(read_model(find_model("lean68")), image)
    stages = DANShapePredictor("lean68")(image, example.FACE).stages
    assert stages is not None
    for drawn, found in zip(inside["landmarks"], stages, strict=True):
        np.testing.assert_allclose(drawn, found, atol=0.1)  # torch's sampling and OpenCV's
    assert inside["heatmap"].max() > 0.5 > 0.1 > inside["heatmap"].min()
    assert inside["feature"].max() > inside["feature"].min() >= 0
    out = tmp_path / "diagram.png"
    assert example.main(["--out", str(out)]) == 0
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape == (560, 1300, 3)
    assert picture.std() > 50
