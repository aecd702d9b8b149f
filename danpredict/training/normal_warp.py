"""Warps of training pictures along one direction: frames, curves and piecewise-linear maps.

A frame is given by the two corners of an eye or a mouth. Its coordinate ``s`` is 0 at the first
corner and 1 at the second. ``h`` is the height above the line between them, in pixels, positive
towards the top of the face.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from danpredict.geometry.similarity import FloatArray

Tile = cv2.typing.MatLike  # (T, T) uint8 gray
Array = NDArray[np.float64]


class Frame:
    """The frame of two corners, with the coordinates ``s`` and ``h``; see the module."""

    def __init__(self, first: FloatArray, second: FloatArray) -> None:
        self.origin = np.asarray(first, np.float64)
        side = np.asarray(second, np.float64) - self.origin
        self.width = float(np.hypot(*side))
        self.along = side / max(self.width, 1e-9)
        self.up = np.array([self.along[1], -self.along[0]])

    def locate(self, points: FloatArray) -> tuple[Array, Array]:
        """``s`` and ``h`` of (..., 2) pixels."""
        away = np.asarray(points, np.float64) - self.origin
        return away @ self.along / max(self.width, 1e-9), away @ self.up

    def curve(self, points: FloatArray) -> PchipInterpolator | None:
        """Smooth curve ``h(s)`` through (N, 2) points; None if their ``s`` do not increase."""
        s, h = self.locate(points)
        if not (np.diff(s) > 0.02).all():
            return None
        return PchipInterpolator(s, h, extrapolate=False)


def piecewise(values: Array, knots: Sequence[Array], images: Sequence[Array]) -> Array:
    """Piecewise-linear map that sends each knot to its image; the identity outside the knots.

    Knots are in ascending order. Each has the shape of the values, or broadcasts to it.
    """
    result = values.copy()
    for low, high, start, stop in zip(knots, knots[1:], images, images[1:], strict=False):
        slope = (stop - start) / np.maximum(high - low, 1e-6)
        inside = (values >= low) & (values < high)
        result = np.where(inside, start + (values - low) * slope, result)
    return result


def resample(tile: Tile, frame: Frame, heights: Array, sources: Array, pixels: Array) -> Tile:
    """Warp a region along the normal of a frame.

    ``pixels`` (H, W, 2) are the positions in the region, and ``heights`` (H, W) are their ``h``.
    The new value of a pixel is the tile's value at the same ``s`` and at the height in ``sources``.
    """
    source = (pixels + (sources - heights)[..., None] * frame.up).astype(np.float32)
    return cv2.remap(
        tile, source[..., 0], source[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )


def region(points: FloatArray, margin: float, size: int) -> tuple[slice, slice, Array]:
    """Rows, columns and (H, W, 2) pixels of the box around points, clipped to the tile."""
    low = np.clip(np.floor(points.min(0) - margin), 0, size - 1).astype(int)
    high = np.clip(np.ceil(points.max(0) + margin), 0, size - 1).astype(int)
    x, y = np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)
    grid = np.stack(np.meshgrid(x, y), -1).astype(np.float64)
    return slice(low[1], high[1] + 1), slice(low[0], high[0] + 1), grid
