"""Sampling: from the user's image to the gray canonical frame that a stage sees."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.blocks import Image, read_stride, shrink, shrink_factor, to_gray
from danpredict.geometry.complex_similarity import Placement, as_similarity
from danpredict.geometry.region import Region, bounds_of, read_gray

__all__ = ["Image", "read_stride", "sample_face", "shrink", "shrink_factor", "to_gray", "warp"]


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
