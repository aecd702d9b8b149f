"""Dots, crosses, frames and text, drawn with anti-aliasing into an array.

All functions change the picture, (H, W, 3) uint8, and take places in its pixels, (x, y); the centre
of the top-left pixel is (0, 0). A colour is what the three channels become. What lies outside the
picture is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.sampling import Image

Colour = tuple[int, int, int]

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
FRACTION_BITS = 4  # OpenCV draws at sixteenths of a pixel
FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_HEIGHT = 22  # pixels, height of a digit of `FONT` at scale 1


def _sixteenths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(np.rint(values * 2**FRACTION_BITS), np.int64)


def _inside(picture: Image, points: NDArray[np.float64], margin: float) -> NDArray[np.bool_]:
    """Which points are in the picture or at most ``margin`` pixels outside; False for NaN."""
    size = np.array(picture.shape[1::-1])
    return np.asarray(((points > -margin) & (points < size - 1 + margin)).all(1))


def dots(
    picture: Image,
    points: NDArray[np.floating],
    radii: float | NDArray[np.floating],
    colours: Colour | Sequence[Colour],
) -> None:
    """Draw filled discs.

    Parameters
    ----------
    points : (N, 2) float
        Points that are NaN are left out.
    radii : float or (N,) float, pixels
    colours : one colour for all, or N of them
    """
    centres = np.asarray(points, np.float64)
    each = np.broadcast_to(np.asarray(radii, np.float64), len(centres))
    shades = np.broadcast_to(np.asarray(colours), (len(centres), 3))
    shown = _inside(picture, centres, float(each.max(initial=0)) + 1)
    places, sizes = _sixteenths(centres[shown]).tolist(), _sixteenths(each[shown]).tolist()
    for place, size, shade in zip(places, sizes, shades[shown].tolist(), strict=True):
        cv2.circle(picture, place, size, shade, cv2.FILLED, cv2.LINE_AA, FRACTION_BITS)


def crosses(picture: Image, points: NDArray[np.floating], colour: Colour, size: int = 9) -> None:
    """Draw crosses of ``size`` pixels at (N, 2) points; points that are NaN are left out."""
    centres = np.asarray(points, np.float64)
    for place in np.rint(centres[_inside(picture, centres, size)]).astype(int).tolist():
        cv2.drawMarker(picture, place, colour, cv2.MARKER_CROSS, size, 1, cv2.LINE_AA)


def frame(picture: Image, sides: Sequence[float], colour: Colour, width: float = 1) -> None:
    """Draw the outline of a box: left, top, right, bottom; the line is ``width`` pixels wide."""
    line = max(1, round(width))
    size = np.array(picture.shape[1::-1], np.float64)
    # Sides far outside would overflow OpenCV's integers; a line beyond the edge stays invisible.
    corners = np.array(sides, np.float64).reshape(2, 2).clip(-2 * line, size + 2 * line)
    low, high = _sixteenths(corners).tolist()
    cv2.rectangle(picture, low, high, colour, line, cv2.LINE_AA, FRACTION_BITS)


def write(
    picture: Image, text: str, corner: Sequence[float], colour: Colour, height: float
) -> None:
    """Write one line of text on a darkened band, which keeps it readable on any picture.

    Parameters
    ----------
    corner : left, bottom of the text
        Moved so that the text lies inside the picture, if it is small enough.
    height : float
        Of a digit, pixels.
    """
    scale, line = height / FONT_HEIGHT, max(1, round(height / 12))
    (width, tall), below = cv2.getTextSize(text, FONT, scale, line)
    margin = max(1, round(height / 4))
    room = np.array(picture.shape[1::-1]) - (width + margin, below + margin)
    left, bottom = np.rint(np.maximum((margin, tall + margin), np.minimum(corner, room))).astype(
        int
    )
    band = picture[
        max(0, bottom - tall - margin) : bottom + below, left - margin : left + width + margin
    ]
    band //= 3
    cv2.putText(picture, text, (int(left), int(bottom)), FONT, scale, colour, line, cv2.LINE_AA)
