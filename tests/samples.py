"""Ten faces out of scikit-image's pictures, the same to the last bit with every version of it.

Only whole pixels are moved, so that no library's interpolation is part of the picture. The module
imports nothing of danpredict, since old versions use it too (`tests/data/made_by_0_2_0/make.py`).
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from skimage import data

Image = NDArray[np.uint8]
HOG = (179, 83, 266, 170)  # dlib's rectangle of the astronaut


# Another processor or another version of a library adds numbers in another order. The tolerance is
# then wider: torch and ONNX Runtime on one machine differ by up to 0.0024 of the rectangle's width,
# int8 and float32 by up to 0.010. In int8, sums also saturate on processors without VNNI only.
EXACT = 1e-5  # pixels
LOOSE = {"float32": 0.003, "int8": 0.02}  # of the rectangle's width


class Sample(NamedTuple):
    """A picture with a face, and a rectangle around it: left, top, right, bottom, inclusive."""

    picture: Image
    rectangle: tuple[int, int, int, int]


def digest(picture: Image) -> str:
    """SHA-256 of the size and the pixels."""
    content = repr(picture.shape).encode() + np.ascontiguousarray(picture).tobytes()
    return hashlib.sha256(content).hexdigest()


def machine() -> dict[str, Any]:
    """What the last digits of landmarks depend on."""
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    return {
        "extensions": sorted({*simd.get("baseline", ()), *simd.get("found", ())}),
        "onnxruntime": onnxruntime.__version__,
        "opencv": cv2.__version__,
    }


def same_machine(then: dict[str, Any]) -> bool:
    """Whether results of the other machine should be the same to the last digits."""
    return all(then[key] == value for key, value in machine().items())


def tolerance(sample: Sample, *, same: bool, int8: bool) -> float:
    """How far landmarks may lie from those of the same model before, pixels."""
    width = sample.rectangle[2] - sample.rectangle[0] + 1
    return EXACT if same else LOOSE["int8" if int8 else "float32"] * width


def _gray(picture: Image) -> Image:
    mean: Image = (picture.astype(np.uint16).sum(2) // 3).astype(np.uint8)
    return mean


def _enlarged(picture: Image, factor: int) -> Image:
    return picture.repeat(factor, 0).repeat(factor, 1)


def _turned(picture: Image, degrees: float, centre: tuple[int, int]) -> Image:
    """Turned about a point, each pixel taken from the nearest one; black beyond the edges."""
    rows, columns = np.indices(picture.shape[:2])
    across, down = columns - centre[0], rows - centre[1]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    x = np.rint(centre[0] + cos * across + sin * down).astype(int)
    y = np.rint(centre[1] - sin * across + cos * down).astype(int)
    inside = (x >= 0) & (x < picture.shape[1]) & (y >= 0) & (y < picture.shape[0])
    turned = np.zeros_like(picture)
    turned[inside] = picture[y[inside], x[inside]]
    return turned


def samples() -> dict[str, Sample]:
    """By name: pictures are (H, W) or (H, W, 3) uint8."""
    astronaut: Image = data.astronaut()  # type: ignore[no-untyped-call]
    camera: Image = data.camera()  # type: ignore[no-untyped-call]
    small: NDArray[np.floating] = data.lfw_subset()  # type: ignore[no-untyped-call]
    third = np.rint(small[3] * 255).astype(np.uint8)
    return {
        "colour": Sample(astronaut, HOG),
        "gray": Sample(_gray(astronaut), HOG),
        "shifted_box": Sample(astronaut, (191, 76, 278, 163)),
        "loose_box": Sample(astronaut, (164, 68, 281, 185)),
        "turned": Sample(_turned(astronaut, 25, (223, 127)), HOG),
        "enlarged": Sample(_enlarged(astronaut[0:256, 96:352], 3), (249, 249, 512, 512)),
        "reduced": Sample(np.ascontiguousarray(astronaut[::2, ::2]), (89, 41, 133, 85)),
        "padded": Sample(
            np.pad(astronaut, ((700, 388), (900, 188), (0, 0))), (1079, 783, 1166, 870)
        ),
        "tiny_face": Sample(np.pad(_enlarged(third, 6), 50, mode="edge"), (51, 65, 176, 189)),
        "camera": Sample(camera, (195, 70, 275, 150)),
    }
