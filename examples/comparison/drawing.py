"""Enlarged faces with landmarks, for the pictures of ``compare.py``."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.sampling import shrink, shrink_factor

TILE = 520  # pixels, side of an enlarged face
BAND = 48  # pixels, height of the band with the name
LIGHTER = {"#0072B2": "#00BEFF"}  # colours that are too dark on photos

Image = NDArray[np.uint8]
Points = NDArray[np.floating]


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a ``#rrggbb``, as drawn on photos."""
    digits = LIGHTER.get(colour, colour)
    return int(digits[1:3], 16), int(digits[3:5], 16), int(digits[5:7], 16)


def draw_face(
    image: Image, rect: Any, landmarks: Points, name: str, colour: str, truth: Points | None = None
) -> Image:
    """A face enlarged, with box, landmarks and name; the annotated landmarks are crosses."""
    side = 1.5 * max(rect.width(), rect.height())
    corner = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2 - side / 2
    zoom = TILE / side
    blocks = shrink_factor(zoom, image.shape[:2])
    small = shrink(image, blocks)
    matrix = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
    # From pixels of the shrunk image to pixels of the image: the centres differ by half a block.
    matrix = matrix @ np.array(
        [[blocks, 0, blocks / 2 - 0.5], [0, blocks, blocks / 2 - 0.5], [0, 0, 1]]
    )
    tile = cv2.warpAffine(small, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC)
    if tile.ndim == 2:
        tile = cv2.cvtColor(tile, cv2.COLOR_GRAY2RGB)
    box = np.array([[rect.left(), rect.top()], [rect.right(), rect.bottom()]])
    low, high = ((box - corner) * zoom).round().astype(int).tolist()
    cv2.rectangle(tile, low, high, (255, 255, 255), 1, cv2.LINE_AA)
    if truth is not None:
        for point in ((truth - corner) * zoom).round().astype(int).tolist():
            cv2.drawMarker(tile, point, (255, 255, 255), cv2.MARKER_CROSS, 9, 1, cv2.LINE_AA)
    fraction_bits = 4  # OpenCV draws at sixteenths of a pixel
    for point in ((landmarks - corner) * zoom * 2**fraction_bits).round().astype(int).tolist():
        for radius, ink in ((5, (0, 0, 0)), (3, rgb(colour))):
            cv2.circle(tile, point, radius << fraction_bits, ink, -1, cv2.LINE_AA, fraction_bits)
    tile[:BAND] = tile[:BAND] // 4  # a dark band, so that the name is readable on every picture
    cv2.putText(tile, name, (12, 34), cv2.FONT_HERSHEY_SIMPLEX, 1, rgb(colour), 2, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def encode(image: Image, suffix: str) -> bytes:
    """Encode an RGB picture as a file of this kind, such as ``.png``."""
    _, encoded = cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]))
    return encoded.tobytes()
