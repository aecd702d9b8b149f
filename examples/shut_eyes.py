"""Eyes that shut and a mouth that opens, on one face: what dlib and danpredict make of them.

    python examples/shut_eyes.py --out shut_eyes.jpg

A warp shuts the eyes of scikit-image's astronaut step by step, and opens her mouth, so the true
change is known. Each tile shows the landmarks and the aspect ratio of the eyes (EAR) or of the
mouth (MAR). "true" is the ratio of danpredict's own landmarks in the unchanged picture, moved by
the warp. Without dlib's model only danpredict is shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from comparison.contestants import Contestant, load_all, usual
from comparison.drawing import draw_face
from numpy.typing import NDArray
from skimage import data

import danpredict
from danpredict.error_boundary import run_program
from danpredict.files.outputs import check_outputs, check_suffix, write_bytes
from danpredict.files.pictures import WRITABLE_PICTURES, encode_picture
from danpredict.landmarks.openness import eye_aspect_ratio, mouth_aspect_ratio
from danpredict.landmarks.points import landmarks_of
from danpredict.training.openness_warps import close_eye, open_mouth

Image = NDArray[np.uint8]
Points = NDArray[np.floating]
FACE = (179, 83, 266, 170)  # box of dlib's HOG detector: left, top, right, bottom
ZOOM = 3  # so that there are enough pixels between the lids
SIDE = 340  # of a tile, pixels
CLOSINGS = (0.0, 0.5, 0.75, 0.95)  # of the gap between the lids
GAPS = (0.3, 0.6)  # of the mouth's width


class Case(NamedTuple):
    """A warped picture, its true landmarks (68, 2), and which ratio was changed."""

    image: Image
    truth: Points
    ratio: str
    measure: Callable[[Points], Points]


def enlarged() -> tuple[Image, Any]:
    """The astronaut in gray, enlarged, and the box of her face."""
    gray = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)  # type: ignore[no-untyped-call]
    image = cv2.resize(gray, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
    return np.asarray(image, np.uint8), danpredict.rectangle(*(side * ZOOM for side in FACE))


def cases(image: Image, landmarks: Points) -> list[Case]:
    """The picture with other eyes and mouths."""
    found = []
    for closing in CLOSINGS:
        tile, truth = close_eye(image, landmarks, 0, closing)
        tile, truth = close_eye(tile, truth, 1, closing)
        found.append(Case(np.asarray(tile, np.uint8), truth, "EAR", eye_aspect_ratio))
    for gap in GAPS:
        tile, truth = open_mouth(image, landmarks, gap)
        found.append(Case(np.asarray(tile, np.uint8), truth, "MAR", mouth_aspect_ratio))
    return found


def draw(case: Case, rect: Any, contestant: Contestant) -> Image:
    """A tile with the landmarks of one predictor and the ratio that it measures."""
    landmarks = landmarks_of(contestant.predictor(case.image, rect))
    ratio, true = float(case.measure(landmarks)), float(case.measure(case.truth))
    title = f"{contestant.name} {case.ratio} {ratio:.2f}, true {true:.2f}"
    tile = draw_face(case.image, rect, landmarks, title, contestant.colour)
    return np.asarray(cv2.resize(tile, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def main(arguments: list[str] | None = None) -> int:
    """Draw all tiles into one picture."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("shut_eyes.png"), help="picture to write")
    parser.add_argument("--contestant", nargs="+", help="see compare.py")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)

    def run() -> None:
        check_suffix(given.out, WRITABLE_PICTURES)
        check_outputs([given.out])
        contestants = load_all(given.contestant or usual(None), None)
        image, rect = enlarged()
        landmarks = landmarks_of(danpredict.DANShapePredictor(steady=True)(image, rect))
        columns = [
            np.vstack([draw(case, rect, contestant) for contestant in contestants])
            for case in cases(image, landmarks)
        ]
        write_bytes(given.out, encode_picture(np.hstack(columns), given.out.suffix))
        print(f"wrote {given.out}")

    return run_program("shut_eyes.py", run, debug=given.debug)


if __name__ == "__main__":
    raise SystemExit(main())
