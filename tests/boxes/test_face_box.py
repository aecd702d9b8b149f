"""FaceBox: which boxes are accepted, and which are refused."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from danpredict import DANShapePredictor, FaceBox, face_box

from ..conftest import Image


@pytest.mark.parametrize(
    "box",
    [
        "1234",
        b"1234",
        bytearray(b"1234"),
        memoryview(b"1234"),
        ["1", "2", "3", "4"],
        [True, False, True, True],
        [datetime.date(2020, 1, 1)] * 4,
        np.array([1, 2, 3, 4], "datetime64[D]"),
        np.array([1, 1, 1, 1], bool),
        np.array(["1", "2", "3", "4"]),
        np.array([1, 2, 3, 4], complex),
        [1, 2, 3, None],
        {1, 2, 3, 4},
    ],
)
def test_what_is_no_box_is_refused(box: Any) -> None:
    with pytest.raises(TypeError, match=r"box must be .*, got "):
        face_box(box)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400])
def test_boxes_that_are_not_finite_are_refused(value: float, astronaut: Image) -> None:
    import dlib

    with pytest.raises(ValueError, match="expected a finite number for bottom, got"):
        FaceBox(1, 2, 3, value)
    with pytest.raises(ValueError, match="expected a finite number for height, got"):
        FaceBox.from_xywh(1, 2, 3, value)
    if value != 10**400:
        with pytest.raises(ValueError, match="finite"):
            face_box(dlib.drectangle(1, 2, 3, value))
    with pytest.raises(ValueError, match="finite"):
        face_box([1, 2, 3, value])


def test_sides_that_are_no_numbers_are_refused() -> None:
    for value in ("4", True, None, [4], datetime.date(2020, 1, 1), 4j):
        with pytest.raises(TypeError, match=r"expected a number for bottom, got .* \(\w+\)"):
            FaceBox(1, 2, 3, value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected the name of a detector"):
        FaceBox(1, 2, 3, 4, source=5)  # type: ignore[arg-type]


def test_small_integers_do_not_wrap_around() -> None:
    box = FaceBox.from_xywh(*np.array([200, 200, 100, 100], np.uint8))
    assert box.sides == (200, 200, 299, 299)


def test_boxes_of_torch_are_taken(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    import torch

    sides = [rect.left(), rect.top(), rect.right(), rect.bottom()]
    wanted = predictor(astronaut, sides).landmarks
    for kind in (torch.float32, torch.int64, torch.bfloat16, torch.float16):
        box = torch.tensor(sides, dtype=kind)
        if box.tolist() == sides:  # bfloat16 has eight bits
            np.testing.assert_array_equal(predictor(astronaut, box).landmarks, wanted)
    scored = torch.tensor([*sides, 0.5], requires_grad=True)
    assert face_box(scored).score == 0.5
    with pytest.raises(TypeError, match=r"got torch\.Tensor"):
        face_box(torch.zeros(4, dtype=torch.bool))
