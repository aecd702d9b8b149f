"""Sampling: from the user's image to the gray canonical frame that a stage sees."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.complex_similarity import Placement, Similarity, as_similarity

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


class Bounds(NamedTuple):
    """A part of an image in whole blocks: first and last column and row, the last exclusive."""

    factor: int  # side of the blocks, image pixels
    left: int
    right: int
    top: int
    bottom: int

    def contains(self, other: Bounds) -> bool:
        """Whether the other part has blocks of the same size and lies inside this one."""
        return (
            self.factor == other.factor
            and self.left <= other.left
            and self.right >= other.right
            and self.top <= other.top
            and self.bottom >= other.bottom
        )


def bounds_of(
    shape: tuple[int, ...], to_image: Similarity, size: int, margin: float = 0.0
) -> Bounds:
    """The part of an image of this (height, width) that is needed to sample a square.

    Blocks lie on a grid anchored at the image's origin, so the blocks stay the same if the face
    moves a little.

    Parameters
    ----------
    to_image : Similarity
        Square to image.
    size : int
        Side of the square.
    margin : float
        Added on each side, in sides of the square.
    """
    linear, (height, width) = to_image.linear, shape[:2]
    factor = shrink_factor(1 / abs(linear), (height, width))
    middle = (size - 1) / 2
    centre = (linear * complex(middle, middle) + to_image.shift) / factor
    half = (abs(linear.real) + abs(linear.imag)) * ((size + 1) / 2 + margin * size) / factor
    x, y, columns, rows = centre.real, centre.imag, width // factor, height // factor
    # One block more on each side, and at least one block inside the image.
    left = min(max(math.floor(x - half) - 1, 0), columns - 1)
    right = min(max(math.ceil(x + half) + 1, left + 1), columns)
    top = min(max(math.floor(y - half) - 1, 0), rows - 1)
    bottom = min(max(math.ceil(y + half) + 1, top + 1), rows)
    return Bounds(factor, left * factor, right * factor, top * factor, bottom * factor)


class Region(NamedTuple):
    """A part of an image, averaged in blocks, from which squares are sampled.

    Attributes
    ----------
    blocks : (H, W) or (H, W, 3) float32
    bounds : Bounds
    """

    blocks: NDArray[np.float32]
    bounds: Bounds

    def sample(
        self,
        to_image: Similarity,
        size: int,
        border: int,
        bounds: Bounds | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """A square, by bilinear interpolation; see `warp`.

        Parameters
        ----------
        bounds : Bounds, optional
            The part that is used; the whole region by default. OpenCV rounds by where the part
            begins, so with the same bounds the result is the same to the bit.
        out : (size, size) or (size, size, 3) float32, optional
            An array for the result.
        """
        blocks, (factor, x, _, y, _) = self.blocks, self.bounds
        if bounds is not None:
            _, left, right, top, bottom = bounds
            rows = slice((top - y) // factor, (bottom - y) // factor)
            blocks = blocks[rows, (left - x) // factor : (right - x) // factor]
            x, y = left, top
        shift = (to_image.shift + complex(0.5 - x, 0.5 - y)) / factor - complex(0.5, 0.5)
        to_blocks = np.array(Similarity(to_image.linear / factor, shift).rows())
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(blocks, to_blocks, (size, size), out, how, border))


def read_gray(image: Image, bounds: Bounds) -> Region:
    """The mean of the channels. Only a few pixels of each block are read."""
    factor, left, right, top, bottom = bounds
    stride = read_stride(factor)
    part = thin(image[top:bottom, left:right], stride)
    if factor == stride:  # both are 1
        return Region(gray_levels(part), bounds)
    return Region(shrink(to_gray(part), factor // stride).astype(np.float32), bounds)


def sample_face(image: Image, to_image: Placement, size: int) -> NDArray[np.float32]:
    """The gray canonical frame; the image's border is replicated outside. See `warp`.

    Returns
    -------
    (size, size) float32 in 0 to 255
    """
    if not image.size:
        return np.zeros((size, size), np.float32)
    placed = as_similarity(to_image)
    region = read_gray(image, bounds_of(image.shape, placed, size))
    return region.sample(placed, size, cv2.BORDER_REPLICATE)


def warp(image: Image, to_image: Placement, size: int, border: int) -> NDArray[np.float32]:
    """Sample a square from the original image, with one interpolation and anti-aliasing.

    Only the square's region is read, so the time does not depend on the photo's size. If the region
    is larger than the square, blocks of pixels are averaged first.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
    to_image : Similarity or SimilarityTransform
        Square to image.
    size : int
        Side of the square.
    border : int
        OpenCV's border mode outside the image.

    Returns
    -------
    (size, size) or (size, size, 3) float32 in 0 to 255
    """
    if not image.size:
        return np.zeros((size, size, *image.shape[2:]), np.float32)
    placed = as_similarity(to_image)
    bounds = bounds_of(image.shape, placed, size)
    part = np.ascontiguousarray(image[bounds.top : bounds.bottom, bounds.left : bounds.right])
    region = Region(shrink(part, bounds.factor).astype(np.float32), bounds)
    return region.sample(placed, size, border)
