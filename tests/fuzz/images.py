"""Images: arrays of every type, shape and order, pictures of Pillow, tensors, and anything else."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from danpredict import DANShapePredictor

from .harness import Rng, attempt
from .mutations import damaged, pick, value
from .shared import SIDES, SMALLEST, check_detection, face_picture, predictor

NAMED = (RuntimeError, TypeError)
OF_PILLOW = (OSError, ValueError)  # for a truncated or a closed picture
DTYPES = [
    "u1", "u1", "u2", ">u2", "i1", "i2", "i4", "u4", "i8", "u8", "?", "f2", "f4", ">f4", "f8",
    "g", "c8", "O", "S3", "U3", "M8[s]", "m8[s]", "V3", [("r", "u1"), ("g", "u1")],
]  # fmt: skip
MODES = [
    "1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "RGBX",
    "RGBa", "La", "I;16", "I;16B", "I;16L",
]  # fmt: skip


def _shape(rng: Rng) -> tuple[int, ...]:
    side = [0, 1, 2, 3, 5, 17, 64, 200]
    tails: list[tuple[int, ...]] = [(), (), (3,), (3,), (1,), (4,), (2,), (0,), (5,), (3, 1)]
    if rng.random() < 0.1:
        return tuple(pick(rng, side[:5]) for _ in range(int(rng.integers(0, 5))))
    return (pick(rng, side), pick(rng, side), *pick(rng, tails))


def _values(rng: Rng, array: NDArray[Any]) -> NDArray[Any]:
    """Of floats: other ranges, and a value that is none."""
    array = array * pick(rng, [1, 1 / 255, 1 / 255, 1.5, -1, 1e-30, 1e30])
    if array.size and rng.random() < 0.3:
        array.flat[int(rng.integers(array.size))] = pick(rng, [np.nan, np.inf, -np.inf, -1, 255.5])
    return array


def _arranged(rng: Rng, array: NDArray[Any]) -> Any:
    """The same values in another order in memory, or in a subclass."""
    shifted = np.zeros(array.nbytes + 1, np.uint8)[1:]
    plain = array.dtype.kind not in "OV"
    ways: list[Callable[[], Any]] = [
        lambda: array,
        lambda: np.asfortranarray(array),
        lambda: array[::-1] if array.ndim else array,
        lambda: array[:, ::-2] if array.ndim > 1 else array,
        lambda: array.swapaxes(0, -1) if array.ndim else array,
        lambda: np.broadcast_to(array[:1], array.shape) if array.ndim and len(array) else array,
        lambda: np.ma.masked_array(array, rng.random(array.shape) < 0.5),
        lambda: shifted.view(array.dtype).reshape(array.shape) if plain and array.size else array,
        lambda: array.view(type("Own", (np.ndarray,), {})),
        lambda: np.asmatrix(array) if array.ndim == 2 else array,
        lambda: array.tolist(),
    ]
    result = pick(rng, ways)()
    if isinstance(result, np.ndarray) and rng.random() < 0.2:
        result.flags.writeable = False
    return result


def _array(rng: Rng) -> Any:
    base = face_picture() if rng.random() < 0.2 else rng.integers(0, 256, _shape(rng), np.uint8)
    dtype: Any = pick(rng, DTYPES)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        floats = dtype in ("f2", "f4", ">f4", "f8", "g", "c8")
        array = (_values(rng, base.astype("f8")) if floats else base).astype(dtype)
        return _arranged(rng, array)


def _pillow(rng: Rng) -> Any:
    picture = PillowImage.fromarray(face_picture())
    mode = pick(rng, MODES)
    if rng.random() < 0.5:
        size = pick(rng, [(0, 0), (1, 1), (3, 1), (60, 80)])
        return PillowImage.new(mode, size, *pick(rng, [(), (1,)] if mode in "LIF1P" else [()]))
    stream = io.BytesIO()
    picture.resize((40, 40)).save(stream, pick(rng, ["PNG", "JPEG", "GIF", "BMP", "TIFF"]))
    data = stream.getvalue()
    data = data if rng.random() < 0.5 else damaged(rng, data)
    try:  # Pillow's own exceptions and warnings, before the picture is given to the target
        opened = PillowImage.open(io.BytesIO(data))
    except Exception:
        return None
    if rng.random() < 0.3:
        opened.close()
    return opened


def _tensor(rng: Rng) -> Any:
    import torch

    names = [
        "uint8", "float16", "bfloat16", "float32", "float64", "bool", "int8", "int16", "int64",
        "uint16",
    ]  # fmt: skip
    shape = pick(rng, [_shape(rng), (3, 40, 40), (1, 40, 40), (4, 9, 9), (3, 4, 3), (40, 40, 3)])
    tensor = torch.from_numpy(rng.integers(0, 2, shape, np.uint8))
    tensor = tensor.to(getattr(torch, pick(rng, names)))
    ways = [
        lambda: tensor,
        lambda: tensor.mT if tensor.ndim > 1 else tensor,
        lambda: tensor.float().requires_grad_(),
        lambda: tensor.to("meta"),
        lambda: tensor.to_sparse(),
        lambda: tensor.to(torch.complex64),
        lambda: tensor.float() * float("nan"),
        lambda: tensor[None],
    ]
    return attempt((RuntimeError, NotImplementedError), pick(rng, ways))


def case(rng: Rng, folder: Path) -> None:
    """One image, with up to two rectangles that may lie outside of it."""
    kind = pick(rng, [_array, _array, _array, _pillow, _tensor, value])
    image = kind(rng)
    rects = [SIDES, tuple(rng.normal(50, 300, 4).tolist())][: int(rng.integers(3))]
    before = image.copy() if isinstance(image, np.ndarray) else None
    named = NAMED + OF_PILLOW * (kind is _pillow)
    for detection in attempt(named, predictor().predict, image, rects) or []:
        check_detection(detection)
    if before is not None and before.dtype.kind not in "OV":
        np.testing.assert_array_equal(image, before)
    if rng.random() < 0.1:
        strict = DANShapePredictor(SMALLEST, threads=1, strict=True)
        attempt(NAMED + OF_PILLOW * (kind is _pillow), strict.predict, image, rects)
