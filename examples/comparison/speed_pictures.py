"""The pictures and boxes of ``speed.py``, all made from one face."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import danpredict

TILE = 160  # pixels, side of a face with its surroundings
TURN, ENLARGE, GAMMA, MISS = 20.0, 1.25, 1.6, 0.04  # degrees, factors, fraction of the box width

Image = NDArray[np.uint8]


def enlarged(image: Image, rows: int, columns: int) -> Image:
    """The picture at the top left of a larger one, continued by mirror images."""
    height, width = image.shape[:2]
    below, beside = max(0, rows - height), max(0, columns - width)
    return np.asarray(np.pad(image, ((0, below), (0, beside), (0, 0)), "symmetric"), np.uint8)


def megapixels(image: Image) -> str:
    """The size of a picture in words."""
    return f"{round(image.shape[0] * image.shape[1] / 1e6, 1):g} megapixels"


def magnified(image: Image, rect: Any, side: int) -> tuple[Image, Any]:
    """Resize the square picture, and its box, to ``side`` rows and columns."""
    factor = side / len(image)
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8), danpredict.rectangle(*(round(factor * v) for v in sides))


def jittered(rect: Any, count: int) -> list[Any]:
    """The box, and others moved by a few pixels."""
    rng = np.random.default_rng(0)
    sides = np.array([rect.left(), rect.top(), rect.right(), rect.bottom()])
    moves = [np.zeros(4, int), *rng.integers(-5, 6, (count - 1, 4))]
    return [danpredict.rectangle(*(sides + move).tolist()) for move in moves]


def crowd(image: Image, rect: Any, count: int) -> tuple[Image, list[Any]]:
    """A picture of ``count`` copies of a face in rows, and their boxes.

    Each copy has a random rotation, mirroring, size and light, and its box has a small random
    shift. Every call gives the same picture.
    """
    rng = np.random.default_rng(0)
    columns = math.ceil(math.sqrt(count))
    picture = np.zeros((-(-count // columns) * TILE, columns * TILE, 3), np.uint8)
    middle = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2
    rects = []
    for i in range(count):
        angle, scale = math.radians(rng.uniform(-TURN, TURN)), ENLARGE ** rng.uniform(-1, 1)
        mirrored = rng.choice([-1, 1])
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        linear = np.array([[mirrored * cos, -sin], [mirrored * sin, cos]])
        shift = TILE / 2 - linear @ middle
        tile = cv2.warpAffine(
            image, np.column_stack([linear, shift]), (TILE, TILE), borderMode=cv2.BORDER_REFLECT
        )
        light = rng.uniform(0.7, 1, 3) * (tile / 255) ** GAMMA ** rng.uniform(-1, 1)
        y, x = np.array(divmod(i, columns)) * TILE
        picture[y : y + TILE, x : x + TILE] = np.round(255 * light)
        half = scale * rect.width() / 2
        left, top = np.array([x, y]) + TILE / 2 - half + rng.uniform(-MISS, MISS, 2) * 2 * half
        sides = (left, top, left + 2 * half, top + 2 * half)
        rects.append(danpredict.rectangle(*(round(side) for side in sides)))
    return picture, rects
