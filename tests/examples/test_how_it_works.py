"""The README's diagram: drawn from what the shipped model really does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np

from danpredict import DANShapePredictor
from danpredict.model.file import read_model
from danpredict.model.zoo import find_model


def test_the_diagram(example: Callable[[str], ModuleType], tmp_path: Path) -> None:
    how = example("how_it_works")
    image = how.rolled(how.ROLL)
    inside = how.look_inside(read_model(find_model("lean68")), image)
    stages = DANShapePredictor("lean68")(image, how.FACE).stages
    assert stages is not None
    for drawn, found in zip(inside["landmarks"], stages, strict=True):
        np.testing.assert_allclose(drawn, found, atol=0.1)  # torch's sampling and OpenCV's
    assert inside["heatmap"].max() > 0.5 > 0.1 > inside["heatmap"].min()
    assert inside["feature"].max() > inside["feature"].min() >= 0
    out = tmp_path / "diagram.png"
    assert how.main(["--out", str(out)]) == 0
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape == (560, 1300, 3)
    assert picture.std() > 50
