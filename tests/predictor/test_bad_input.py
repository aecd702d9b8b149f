"""Bad images, boxes and pickles: the error says what was expected and what came."""

from __future__ import annotations

import io
import pickle
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor, FaceBox

from ..conftest import Image


def test_images_that_are_none_name_the_cause(predictor: DANShapePredictor, rect: Any) -> None:
    with pytest.raises(TypeError, match=r"None\. cv2\.imread returns None if"):
        predictor(cv2.imread("nowhere.jpg"), rect)


def test_pictures_of_pillow_that_are_broken(predictor: DANShapePredictor, rect: Any) -> None:
    from PIL import Image as Pillow

    data = cv2.imencode(".png", np.zeros((99, 99, 3), np.uint8))[1].tobytes()
    closed = Pillow.open(io.BytesIO(data))
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        predictor(closed, rect)
    with pytest.raises(OSError, match="truncated"):
        predictor(Pillow.open(io.BytesIO(data[:-60])), rect)


def test_several_rectangles_name_the_method(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    import dlib

    several: list[Any] = [
        [rect],
        [rect] * 4,
        dlib.rectangles([rect]),
        [FaceBox(1, 2, 3, 4)],
        np.zeros((2, 4)),
    ]
    for rects in several:
        with pytest.raises(TypeError, match=r"use predictor\.predict\(image, rects\)"):
            predictor(astronaut, rects)
    with pytest.raises(TypeError, match="expected a list of rectangles"):
        predictor.predict(astronaut, rect)


@pytest.mark.parametrize("state", [None, {}, {"data": b""}, {"data": 5, "options": 6}, 7])
def test_pickles_of_predictors_are_checked(state: Any) -> None:
    empty = DANShapePredictor.__new__(DANShapePredictor)
    with pytest.raises(ValueError, match="expected the state of a pickled predictor"):
        empty.__setstate__(state)


def test_a_pickled_predictor_with_a_damaged_model(predictor: DANShapePredictor) -> None:
    state = predictor.__getstate__()
    empty = DANShapePredictor.__new__(DANShapePredictor)
    with pytest.raises(RuntimeError, match="Error deserializing a pickled predictor"):
        empty.__setstate__(state | {"data": state["data"][:1000]})
    assert pickle.loads(pickle.dumps(predictor)).info == predictor.info
