"""A face with landmarks, enlarged: the tiles of ``compare.py``'s picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.images import shrink, shrink_factor

COLOURS = {"dlib": (230, 159, 0), "danpredict": (0, 190, 255)}  # RGB
TILE = 520  # pixels, side of a face in the picture

Image = NDArray[np.uint8]


def draw_face(image: Image, rect: Any, landmarks: NDArray[np.floating], name: str) -> Image:
    """The face's surroundings, enlarged, with rectangle, landmarks and name."""
    side = 1.5 * max(rect.width(), rect.height())
    corner = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2 - side / 2
    zoom = TILE / side
    blocks = shrink_factor(zoom)
    small = shrink(image, blocks)
    matrix = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
    # From the shrunk image's pixels to the image's, whose centres lie half a block further in.
    matrix = matrix @ np.array(
        [[blocks, 0, blocks / 2 - 0.5], [0, blocks, blocks / 2 - 0.5], [0, 0, 1]]
    )
    tile = cv2.warpAffine(small, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC)
    box = np.array([[rect.left(), rect.top()], [rect.right(), rect.bottom()]])
    low, high = ((box - corner) * zoom).round().astype(int).tolist()
    cv2.rectangle(tile, low, high, (255, 255, 255), 1, cv2.LINE_AA)
    fraction_bits = 4  # OpenCV draws at fractions of a pixel in fixed point
    for point in ((landmarks - corner) * zoom * 2**fraction_bits).round().astype(int).tolist():
        for radius, colour in ((5, (0, 0, 0)), (3, COLOURS[name])):
            cv2.circle(tile, point, radius << fraction_bits, colour, -1, cv2.LINE_AA, fraction_bits)
    cv2.putText(tile, name, (12, 34), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 5, cv2.LINE_AA)
    cv2.putText(tile, name, (12, 34), cv2.FONT_HERSHEY_SIMPLEX, 1, COLOURS[name], 2, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)
