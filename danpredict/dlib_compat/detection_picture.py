"""Draws the landmarks of a detection as a small picture, for notebooks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 256  # pixels
MARGIN = 16  # pixels
FRACTION_BITS = 4  # of OpenCV's coordinates: steps of 1/16 pixel
LANDMARK, UNCERTAINTY = (160, 60, 0), (235, 215, 190)  # BGR


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
    picture = np.full((SIZE, SIZE, 3), 255, np.uint8)
    shown = present & np.isfinite(landmarks).all(1)
    points = landmarks[shown].astype(np.float64)
    if len(points):
        low, extent = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-6)
        scale = (SIZE - 2 * MARGIN) / extent
        places = (points - low - np.ptp(points, axis=0) / 2) * scale + (SIZE - 1) / 2
        radii = np.zeros(len(points)) if sigma is None else sigma[shown] * scale
        for (x, y), radius in zip(places, np.clip(radii, 0, SIZE), strict=True):
            _disc(picture, x, y, radius, UNCERTAINTY)
        for x, y in places:
            _disc(picture, x, y, 2.0, LANDMARK)
    return bytes(cv2.imencode(".png", picture)[1])


def _disc(picture: NDArray[np.uint8], x: float, y: float, radius: float, colour: object) -> None:
    centre = (round(x * 2**FRACTION_BITS), round(y * 2**FRACTION_BITS))
    size = round(radius * 2**FRACTION_BITS)
    cv2.circle(picture, centre, size, colour, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)  # type: ignore[call-overload]
