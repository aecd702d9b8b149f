"""Where the shipped model fails, and what confidence it gives: one face, made harder step by step.

    python examples/limits.py --out limits.jpg

Each tile shows the landmarks and the confidence on scikit-image's astronaut: rotated, covered, with
few pixels, with a wrong box, and without a face. Green landmarks have a small expected error
(sigma), red ones a large one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from comparison.drawing import Tile
from numpy.typing import NDArray
from skimage import data

import danpredict
from danpredict.drawing.marks import BLACK, WHITE, dots, write
from danpredict.error_boundary import run_program
from danpredict.files.outputs import check_outputs, check_suffix, write_bytes
from danpredict.files.pictures import WRITABLE_PICTURES, encode_picture
from danpredict.model.zoo import DEFAULT_MODEL

Image = NDArray[np.uint8]
TILE, COLUMNS = 260, 5
FACE = (179, 83, 266, 170)  # box of dlib's HOG detector: left, top, right, bottom


def turned(image: Image, degrees: float) -> Image:
    """Rotate the picture about the centre of the face."""
    left, top, right, bottom = FACE
    middle = ((left + right) / 2, (top + bottom) / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


def covered(image: Image, left: int, top: int, right: int, bottom: int) -> Image:
    """Cover a part of the picture with gray."""
    copy = image.copy()
    copy[top:bottom, left:right] = 90
    return copy


def coarse(image: Image, factor: int) -> Image:
    """Reduce the picture and enlarge it again."""
    size = (image.shape[1], image.shape[0])
    small = cv2.resize(image, (size[0] // factor, size[1] // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def cases() -> list[tuple[str, Image, tuple[int, int, int, int]]]:
    """Title, picture and box of each tile."""
    image = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    left, top, right, bottom = FACE
    return [
        ("unchanged", image, FACE),
        ("rotated by 30", turned(image, 30), FACE),
        ("rotated by 60", turned(image, 60), FACE),
        ("upside down", turned(image, 180), FACE),
        ("box shifted by a quarter", image, (left + 22, top + 22, right + 22, bottom + 22)),
        ("box twice as large", image, (left - 44, top - 44, right + 44, bottom + 44)),
        ("mouth covered", covered(image, 180, 128, 270, 200), FACE),
        ("half covered", covered(image, 222, 60, 290, 200), FACE),
        ("one eighth of the pixels", coarse(image, 8), FACE),
        ("no face", image, (330, 60, 417, 147)),
    ]


def draw(title: str, image: Image, detection: Any) -> Image:
    """Draw the box and its surroundings, the landmarks coloured by sigma, and the confidence."""
    tile = Tile(image, detection.rect, TILE, region=1.9)
    places = tile.places(detection.landmarks)
    doubt = np.clip(detection.sigma / (0.08 * detection.rect.width()), 0, 1)
    colours = [(int(255 * part), int(220 * (1 - part)), 60) for part in doubt]
    dots(tile.picture, places, 3, BLACK)
    dots(tile.picture, places, 2, colours)
    for text, y in ((title, 15), (f"confidence {detection.confidence:.2f}", TILE - 6)):
        write(tile.picture, text, (6, y), WHITE, height=11)
    return tile.picture


def main(arguments: list[str] | None = None) -> int:
    """Draw all tiles into one picture."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("limits.png"), help="picture to write")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="model name or model file")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)

    def run() -> None:
        check_suffix(given.out, WRITABLE_PICTURES)
        check_outputs([given.out])
        predictor = danpredict.DANShapePredictor(given.model)
        tiles = [
            draw(title, image, predictor(image, danpredict.rectangle(*sides)))
            for title, image, sides in cases()
        ]
        rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
        write_bytes(given.out, encode_picture(np.vstack(rows), given.out.suffix))
        print(f"wrote {given.out}")

    return run_program("limits.py", run, debug=given.debug)


if __name__ == "__main__":
    raise SystemExit(main())
