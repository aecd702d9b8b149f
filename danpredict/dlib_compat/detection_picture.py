"""Draws the landmarks of a detection as a small picture, for notebooks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.drawing.marks import WHITE, dots
from danpredict.files.pictures import encode_picture

SIZE = 256  # pixels
MARGIN = 16  # pixels
RADIUS = 2.0  # of a dot, pixels
LANDMARK, UNCERTAINTY = (0, 60, 160), (190, 215, 235)  # RGB


def landmarks_png(
    landmarks: NDArray[np.floating],
    sigma: NDArray[np.floating] | None,
    present: NDArray[np.bool_],
) -> bytes:
    """Draw landmarks as blue dots on a white square, each on a pale disc of radius sigma.

    The landmarks are centred and scaled to the square.

    Parameters
    ----------
    landmarks : (L, 2) float, image pixels
    sigma : (L,) float or None, image pixels
    present : (L,) bool
        Landmarks that are not present or not finite are left out.

    Returns
    -------
    bytes
        A PNG file of `SIZE` x `SIZE` pixels.
    """
    picture = np.full((SIZE, SIZE, 3), WHITE, np.uint8)
    shown = present & np.isfinite(landmarks).all(1)
    points = landmarks[shown].astype(np.float64)
    if len(points):
        low, extent = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-6)
        scale = (SIZE - 2 * MARGIN) / extent
        places = (points - low - np.ptp(points, axis=0) / 2) * scale + (SIZE - 1) / 2
        radii = np.zeros(len(points)) if sigma is None else sigma[shown] * scale
        dots(picture, places, np.clip(radii, 0, SIZE), UNCERTAINTY)
        dots(picture, places, RADIUS, LANDMARK)
    return encode_picture(picture, ".png")
