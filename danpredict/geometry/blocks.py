"""Pixels of the user's image: gray levels, and blocks of pixels that are averaged."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

MEAN_OF_THREE = np.full((1, 3), 1 / 3)
LARGE = 2**20  # values; larger images are not converted to floats, which need 4 times the memory


def to_gray(image: Image) -> Image:
    """Mean of the channels, rounded to whole gray levels.

    The reference implementation takes the mean too. dlib takes the mean and drops its fraction.
    All channels have the same weight, so RGB and BGR give the same landmarks.
    """
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    if image.size > LARGE:
        return np.asarray(cv2.transform(np.ascontiguousarray(image), MEAN_OF_THREE), np.uint8)
    # The same result, faster: on a face OpenCV takes 11 microseconds with floats, 31 without.
    return np.asarray(cv2.convertScaleAbs(_mean(image)), np.uint8)


def gray_levels(image: Image) -> NDArray[np.float32]:
    """The same levels as `to_gray`, as floats."""
    if image.ndim == 2:
        return image.astype(np.float32)
    mean = _mean(image)
    return np.rint(mean, out=mean)


def _mean(image: Image) -> NDArray[np.float32]:
    """Mean of the three channels."""
    return np.asarray(cv2.transform(image.astype(np.float32, order="C"), MEAN_OF_THREE))


def shrink_factor(scale: float, shape: tuple[int, ...]) -> int:
    """Side of the blocks of image pixels that are averaged before sampling: 1, 2, 3 or even.

    ``scale`` is in canonical pixels per image pixel, ``shape`` is the image's (height, width).
    After averaging, a canonical pixel covers at most 3/2 blocks. Bilinear sampling does not alias
    visibly up to there.
    """
    factor = min(max(1, round(1 / scale)), *shape)
    return factor if factor < 4 else factor - factor % 2


def read_stride(factor: int) -> int:
    """Step between the pixels that are read: each block is the mean of 2 x 2 of these pixels.

    Reading every pixel made a 700-pixel face 5 times slower than a 90-pixel face. With this step
    it is 1.5 times slower.
    """
    return max(1, factor // 2)


def thin(image: Image, stride: int) -> Image:
    """One value for each ``stride`` x ``stride`` pixels, interpolated at their centre."""
    if stride == 1:
        return image
    height, width = image.shape[0] // stride, image.shape[1] // stride
    whole = image[: height * stride, : width * stride]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def shrink(gray: Image, factor: int) -> Image:
    """Average blocks of ``factor`` x ``factor`` pixels; incomplete blocks are dropped.

    Pixel (u, v) of the result is centred on ``factor * (u, v) + (factor - 1) / 2``.
    """
    if factor == 1:
        return gray
    height, width = gray.shape[0] // factor, gray.shape[1] // factor
    whole = gray[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
