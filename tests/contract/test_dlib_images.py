"""Images that dlib refuses: danpredict converts them, or refuses them with dlib's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict import DANShapePredictor

from ..conftest import Image


def as_torch(image: NDArray[Any]) -> Any:
    import torch

    return torch.from_numpy(image.copy())


def as_pil(image: NDArray[Any]) -> Any:
    from PIL import Image as Pillow

    return Pillow.fromarray(image)


LIBERAL: dict[str, Callable[[Image], Any]] = {
    "one channel": lambda image: image[..., :1],
    "RGBA": lambda image: np.dstack([image, image[..., 0]]),
    "uint16": lambda image: image.astype(np.uint16) * 257,
    "float to 1": lambda image: image.astype(np.float32) / 255,
    "double to 1": lambda image: image / 255,
    "float to 255": lambda image: image.astype(np.float32),
    "half to 1": lambda image: (image / 255).astype(np.float16),
    "PIL": as_pil,
    "PIL gray": lambda image: as_pil(image[..., 0]),
    "PIL RGBA": lambda image: as_pil(image).convert("RGBA"),
    "PIL 16 bits": lambda image: as_pil(image[..., 0].astype(np.uint16) * 257),
    "PIL CMYK": lambda image: as_pil(image).convert("CMYK"),
    "torch": as_torch,
    "torch gray": lambda image: as_torch(image[..., 0]),
    "torch, channels first": lambda image: as_torch(image).permute(2, 0, 1),
    "torch float": lambda image: as_torch(image).permute(2, 0, 1).float() / 255,
    "torch bfloat16": lambda image: as_torch(image).bfloat16(),
    "torch with gradient": lambda image: (as_torch(image).float() / 255).requires_grad_(),
}


@pytest.mark.parametrize("kind", LIBERAL)
def test_other_kinds_of_images_are_converted(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, kind: str
) -> None:
    gray = np.dstack([astronaut[..., 1]] * 3)  # so that all kinds hold the same picture
    expected = predictor(gray, rect).landmarks
    found = predictor(LIBERAL[kind](gray), rect).landmarks
    np.testing.assert_allclose(found, expected, atol=0.3 if "bfloat16" in kind else 0.1)


def test_black_and_white(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    mask = astronaut[..., 0] > 100
    expected = predictor(mask.astype(np.uint8) * 255, rect).landmarks
    np.testing.assert_array_equal(predictor(mask, rect).landmarks, expected)
    np.testing.assert_array_equal(predictor(as_pil(mask), rect).landmarks, expected)


def test_what_cannot_be_told_is_refused(predictor: DANShapePredictor) -> None:
    import torch

    box = dlib.rectangle(1, 1, 7, 7)
    bad = np.zeros((9, 9), np.float32)
    bad[3, 3] = np.nan
    cases: list[tuple[Any, str]] = [
        (np.zeros((9, 9), np.int64), r"got int64 \(9, 9\)"),
        (np.zeros((9, 9), np.int8), "got int8"),
        (np.zeros((9, 9, 2), np.uint8), r"got uint8 \(9, 9, 2\)"),
        (np.zeros((3, 9, 9), np.uint8), r"got uint8 \(3, 9, 9\)"),
        (np.zeros((1, 9, 9, 3), np.uint8), "expected shape"),
        (np.zeros(9, np.uint8), "expected shape"),
        (np.full((9, 9), -0.5), "got -0.5 to -0.5"),
        (np.full((9, 9), 300.0), "got 300.0 to 300.0"),
        (np.full((9, 9), np.inf), "got inf"),
        (bad, "got nan"),
        (np.zeros((9, 9), complex), "got complex128"),
        (np.zeros((9, 9), object), "got object"),
        (torch.zeros(3, 9, 3), "first or last"),
        (torch.zeros(9, 9, 5), "expected shape"),
        (torch.zeros(9, 9, dtype=torch.int32), "got int32"),
        (as_pil(np.zeros((9, 9), np.int32)), "mode 'I'"),
    ]
    for image, message in cases:
        with pytest.raises(RuntimeError, match=message) as error:
            predictor(image, box)
        assert str(error.value).startswith(
            "Unsupported image type, must be 8bit gray or RGB image: "
        )


@pytest.mark.parametrize("image", [None, "photo.jpg", [[0, 1], [2, 3]], object(), 3])
def test_what_is_no_image_raises_type_error(predictor: DANShapePredictor, image: Any) -> None:
    with pytest.raises(TypeError, match=r"numpy\.ndarray, a PIL\.Image or a torch\.Tensor, got"):
        predictor(image, dlib.rectangle(0, 0, 9, 9))
