"""`as_image`: convert what users pass as an image, or raise an error that says what is wrong.

| input | read as |
|---|---|
| uint8 (H, W), (H, W, 1) | gray |
| uint8 (H, W, 3) | RGB; BGR gives the same landmarks, since gray is the mean of the channels |
| uint8 (H, W, 4) | RGBA; alpha is ignored |
| uint16, any of these shapes | 0 to 65535 |
| bool | black and white |
| float16, float32, float64 | 0 to 1 if no value is above 1, else 0 to 255 |
| ``PIL.Image`` | its pixels as stored; palettes, CMYK and other modes become RGB |
| ``torch.Tensor`` | (H, W), (C, H, W) or (H, W, C) with 1, 3 or 4 channels, on any device |

Everything else is an error, for example other integer types; floats that are negative, above 255 or
not finite; numpy arrays with the channels first; and tensors whose channels may be first or last.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.sampling import Image

CHANNELS = (1, 3, 4)
DLIB_MESSAGE = "Unsupported image type, must be 8bit gray or RGB image"  # dlib's own
NONE_HINT = "None. cv2.imread returns None if it cannot read a file: check the path"
SHAPES = "shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"


def _library(image: object) -> str:
    """The package that the image's type comes from."""
    return type(image).__module__.partition(".")[0]


def _from_pil(image: Any) -> NDArray[Any]:
    if image.mode in ("1", "L", "RGB", "RGBA", "F") or image.mode.startswith("I;16"):
        return np.asarray(image)
    if image.mode == "I":
        raise RuntimeError(
            f"{DLIB_MESSAGE}: a PIL image of mode 'I' has no known range of values. "
            "Convert it to mode 'L' or 'RGB'"
        )
    return np.asarray(image.convert("L" if image.mode == "LA" else "RGB"))


def _from_torch(image: Any) -> NDArray[Any]:
    shape = tuple(image.shape)
    if len(shape) == 3:
        first, last = shape[0] in CHANNELS, shape[2] in CHANNELS
        if first and last:
            raise RuntimeError(
                f"{DLIB_MESSAGE}: a tensor of shape {shape} may have its channels first or last; "
                "pass a numpy array (H, W, C) instead"
            )
        if first:
            image = image.permute(1, 2, 0)
    if str(image.dtype) == "torch.bfloat16":  # numpy has no bfloat16
        image = image.float()
    return np.asarray(image.detach().cpu().numpy())


def _from_float(image: NDArray[np.floating]) -> Image:
    if not image.size:
        return image.astype(np.uint8)
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 255):  # NaN too
        raise RuntimeError(
            f"{DLIB_MESSAGE}: expected floats from 0 to 1 or from 0 to 255, got {low} to {high}"
        )
    scale = 255.0 if high <= 1 else 1.0
    return np.round(image.astype(np.float32) * np.float32(scale)).astype(np.uint8)


def as_image(image: object) -> Image:
    """Convert an image to (H, W) gray or (H, W, 3) RGB uint8, by the rules of this module.

    An array that already has this form is returned without a copy.

    Raises
    ------
    TypeError
        Not an array, a PIL image or a tensor.
    RuntimeError
        An array of another shape or type. The message starts with dlib's own message.
    OSError, ValueError
        Raised by Pillow, for a truncated file or a closed picture.
    """
    if not isinstance(image, np.ndarray):
        readers = {"PIL": _from_pil, "torch": _from_torch}
        reader = readers.get(_library(image))
        if reader is None or not hasattr(image, "mode" if reader is _from_pil else "permute"):
            raise TypeError(
                "image must be a numpy.ndarray, a PIL.Image or a torch.Tensor, got "
                + (
                    NONE_HINT
                    if image is None
                    else f"{type(image).__module__}.{type(image).__qualname__}"
                )
            )
        image = reader(image)
    image = np.asarray(image)  # the plain pixels of a masked array or another subclass
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] in CHANNELS):
        raise RuntimeError(f"{DLIB_MESSAGE}: expected {SHAPES}, got {image.dtype} {image.shape}")
    if image.ndim == 3:
        image = image[..., 0] if image.shape[2] == 1 else image[..., :3]
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return np.asarray((image.astype(np.uint32) + 128) // 257, np.uint8)
    if image.dtype == np.bool_:
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype in (np.float16, np.float32, np.float64):
        return _from_float(image)
    raise RuntimeError(
        f"{DLIB_MESSAGE}: expected uint8, uint16, bool or float, got {image.dtype} {image.shape}"
    )


def as_color_image(image: object) -> Image:
    """As `as_image`, but always (H, W, 3) RGB and contiguous: gray becomes three equal channels."""
    pixels = as_image(image)
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2))
