"""Detections check what they are made of, unpickled ones too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from danpredict import DANShapePredictor
from danpredict.dlib_compat.detection import Detection

from ..conftest import Image

GOOD = np.zeros((5, 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"landmarks": np.zeros((5, 3))}, r"landmarks of shape \('L', 2\), got \(5, 3\)"),
        ({"landmarks": [["a", "b"]]}, "numbers for landmarks"),
        ({"landmarks": [[1, 2], [3]]}, "numbers for landmarks"),
        ({"landmarks": np.full((5, 2), np.nan)}, "finite landmarks"),
        ({"landmarks": np.full((5, 2), np.inf)}, "finite landmarks"),
        ({"landmarks": np.full((5, 2), 2.0**47)}, "below 2"),
        ({"landmarks": np.full((5, 2), 1e300)}, "below 2"),
        ({"sigma": [1, 2]}, "sigma of shape"),
        ({"stages": GOOD}, "stages of shape"),
        ({"confidence": 1.5}, "confidence from 0 to 1"),
        ({"confidence": np.nan}, "confidence from 0 to 1"),
        ({"confidence": "sure"}, "confidence from 0 to 1"),
        ({"present": [True] * 4}, "5 bools"),
        ({"present": [2.0] * 5}, "5 bools"),
    ],
)
def test_detections_are_checked(options: dict[str, Any], said: str, rect: Any) -> None:
    with pytest.raises(ValueError, match=said):
        Detection(rect, **({"landmarks": GOOD} | options))


def test_detections_of_other_rectangles_are_refused() -> None:
    with pytest.raises(TypeError, match=r"dlib\.rectangle for rect, got \(1, 2, 3, 4\)"):
        Detection((1, 2, 3, 4), GOOD)


def test_landmarks_that_are_not_present_may_be_nan(rect: Any) -> None:
    landmarks = np.zeros((2, 2))
    landmarks[1] = np.nan
    det = Detection(rect, landmarks, present=np.array([True, False]))
    assert det.part(0).x == 0
    assert det.part(1).x == 2**51 - 1


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {},
        lambda state: None,
        lambda state: {k: v for k, v in state.items() if k != "landmarks"},
        lambda state: state | {"landmarks": np.full((68, 2), np.nan)},
        lambda state: state | {"landmarks": np.full((68, 2), 2.0**60)},
        lambda state: state | {"landmarks": "no"},
        lambda state: state | {"present": None, "sigma": np.zeros(3)},
    ],
)
def test_pickles_of_detections_are_checked(
    change: Callable[[Any], Any], predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    det = predictor(astronaut, rect)
    restore, (sides, state) = det.__reduce__()
    with pytest.raises(ValueError, match="expected"):
        restore(sides, change(dict(state)))
    with pytest.raises(ValueError, match="expected four whole numbers for a rectangle"):
        restore((1, 2.5, "x"), dict(state))
