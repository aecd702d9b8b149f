"""The same odd images and rectangles to dlib's predictor and to ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dlib
import numpy as np
import pytest

from danpredict import DANShapePredictor


@pytest.fixture(scope="module")
def strict() -> DANShapePredictor:
    return DANShapePredictor(threads=1, strict=True)


def outcome(call: Callable[[], Any]) -> tuple[str, str]:
    """What comes out: the kind of result, or the exception with its first words."""
    try:
        result = call()
    except Exception as error:
        return type(error).__name__, str(error).split("Invoked with")[0].split("self:")[0]
    return "detection", f"{result.num_parts} parts in {result.rect}"


IMAGES: dict[str, Any] = {
    "gray": np.zeros((40, 50), np.uint8),
    "RGB": np.zeros((40, 50, 3), np.uint8),
    "float": np.zeros((9, 9), np.float32),
    "double": np.zeros((9, 9, 3)),
    "uint16": np.zeros((9, 9), np.uint16),
    "int8": np.zeros((9, 9), np.int8),
    "int64": np.zeros((9, 9), np.int64),
    "bool": np.zeros((9, 9), bool),
    "RGBA": np.zeros((9, 9, 4), np.uint8),
    "one channel": np.zeros((9, 9, 1), np.uint8),
    "two channels": np.zeros((9, 9, 2), np.uint8),
    "channels first": np.zeros((3, 9, 9), np.uint8),
    "four dimensions": np.zeros((1, 9, 9, 3), np.uint8),
    "one dimension": np.zeros(9, np.uint8),
    "empty": np.zeros((0, 0), np.uint8),
    "empty RGB": np.zeros((0, 5, 3), np.uint8),
    "Fortran": np.zeros((9, 9, 3), np.uint8, order="F"),
    "negative strides": np.zeros((9, 9, 3), np.uint8)[::-1, ::-1],
    "BGR view": np.zeros((9, 9, 3), np.uint8)[..., ::-1],
    "masked": np.ma.masked_array(np.zeros((9, 9), np.uint8)),
    "list": [[0, 1], [2, 3]],
    "None": None,
    "text": "photo.jpg",
}


BOXES: dict[str, Any] = {
    "plain": dlib.rectangle(1, 1, 7, 7),
    "none": dlib.rectangle(),
    "inverted": dlib.rectangle(9, 9, 1, 1),
    "far away": dlib.rectangle(5000, 5000, 5100, 5100),
    "huge": dlib.rectangle(-(10**8), -(10**8), 10**8, 10**8),
    "drectangle": dlib.drectangle(1, 1, 7, 7),
    "tuple": (1, 1, 7, 7),
    "list": [1, 1, 7, 7],
    "array": np.array([1, 1, 7, 7]),
    "None": None,
    "rectangles": dlib.rectangles(),
}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("box", BOXES)
def test_strict_answers_as_dlib(
    strict: DANShapePredictor, dlib_predictor: Any, image: str, box: str
) -> None:
    given, where = IMAGES[image], BOXES[box]
    theirs = outcome(lambda: dlib_predictor(given, where))
    assert outcome(lambda: strict(given, where)) == theirs


def test_keywords_are_dlibs(strict: DANShapePredictor, dlib_predictor: Any) -> None:
    image, box = IMAGES["gray"], BOXES["plain"]
    good = {"image": image, "box": box}
    assert outcome(lambda: strict(**good)) == outcome(lambda: dlib_predictor(**good))
    for bad in ({"img": image, "rect": box}, {"image": image}, {}):
        for predictor in (strict, dlib_predictor):
            with pytest.raises(TypeError):
                predictor(**bad)
