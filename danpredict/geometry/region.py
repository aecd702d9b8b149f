"""The part of an image that a face needs: read once, sampled at every stage."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.blocks import (
    Image,
    gray_levels,
    read_stride,
    shrink,
    shrink_factor,
    thin,
    to_gray,
)
from danpredict.geometry.complex_similarity import Similarity


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
