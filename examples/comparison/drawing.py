"""Enlarged faces with landmarks, for the pictures of ``compare.py`` and ``limits.py``."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.drawing.marks import BLACK, WHITE, Colour, crosses, dots, frame, write
from danpredict.geometry.sampling import shrink, shrink_factor

TILE = 520  # pixels, side of an enlarged face
LIGHTER = {"#0072B2": "#00BEFF"}  # colours that are too dark on photos

Image = NDArray[np.uint8]
Points = NDArray[np.floating]


def rgb(colour: str) -> Colour:
    """Red, green and blue of a ``#rrggbb``, as drawn on photos."""
    digits = LIGHTER.get(colour, colour)
    return int(digits[1:3], 16), int(digits[3:5], 16), int(digits[5:7], 16)


class Tile:
    """A face enlarged to a square, with its box.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
    rect : dlib.rectangle
        Box of the face.
    side : int
        Of the tile, pixels.
    region : float
        Side of the square around the box that is shown, in sides of the box.

    Attributes
    ----------
    picture : (side, side, 3) uint8
    """

    def __init__(self, image: Image, rect: Any, side: int = TILE, region: float = 1.5) -> None:
        box = np.array([[rect.left(), rect.top()], [rect.right(), rect.bottom()]])
        shown = region * max(rect.width(), rect.height())
        self.corner, self.zoom = box.mean(0) - shown / 2, side / shown
        blocks = shrink_factor(self.zoom, image.shape[:2])
        matrix = np.column_stack([self.zoom * np.eye(2), -self.zoom * self.corner])
        # From pixels of the shrunk image to pixels of the image: the centres differ by half a
        # block.
        middle = blocks / 2 - 0.5
        matrix = matrix @ np.array([[blocks, 0, middle], [0, blocks, middle], [0, 0, 1]])
        picture = cv2.warpAffine(
            shrink(image, blocks), matrix, (side, side), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        if picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
        self.picture = np.asarray(picture, np.uint8)
        frame(self.picture, self.places(box).ravel().tolist(), WHITE)

    def places(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """From pixels of the image to pixels of the tile, (N, 2) both."""
        return np.asarray((points - self.corner) * self.zoom, np.float64)


def draw_face(
    image: Image, rect: Any, landmarks: Points, name: str, colour: str, truth: Points | None = None
) -> Image:
    """A face enlarged, with box, landmarks and name; the annotated landmarks are crosses."""
    tile = Tile(image, rect)
    picture, places = tile.picture, tile.places(landmarks)
    if truth is not None:
        crosses(picture, tile.places(truth), WHITE)
    dots(picture, places, 5, BLACK)
    dots(picture, places, 3, rgb(colour))
    write(picture, name, (12, 34), rgb(colour), height=22)
    return picture
