"""Compare face detectors: which faces they find, how often they see faces where none are, and time.

    python examples/detectors.py 300w/outdoor --detector builtin dlib dlib-cnn yunet=yunet.onnx

Each folder has pictures with .pts files of 68 landmarks. All detectors are treated alike: a face
counts as found if the default model's landmarks, started from one of the detector's boxes, have an
error below 8 % of the inter-ocular distance. Other boxes on these pictures do not count, since a
picture may show more people than are annotated. False faces are counted on pictures without
faces: the folders of --faceless, and scikit-image's pictures. The time is the median over the
annotated pictures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from comparison.rectangles import parse_detector
from comparison.tables import markdown
from skimage import data
from tqdm import tqdm

import danpredict
from danpredict.cli.arguments import DATASETS_HELP, positive_integer
from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import LabelledFace
from danpredict.detectors.load import Detector
from danpredict.error_boundary import run_program
from danpredict.evaluation.metrics import FAILURE, normalised_errors
from danpredict.files.pictures import PICTURES, read_picture
from danpredict.landmarks.normalisation import face_scale

# No picture shows a person. The cat's face does not count as one either.
FACE_FREE = (
    "brick", "cell", "chelsea", "clock", "coffee", "grass", "gravel", "hubble_deep_field",
    "immunohistochemistry", "moon", "page", "retina", "rocket", "text",
)  # fmt: skip
IBUG68 = danpredict.convention("ibug68")


def is_found(
    predictor: danpredict.DANShapePredictor, image: Any, boxes: Sequence[Any], face: LabelledFace
) -> bool:
    """Whether the landmarks from one of the boxes are the face's."""
    truth = face.landmarks[None]
    scale = face_scale(truth, IBUG68)
    return any(
        normalised_errors(found.landmarks[None], truth, scale)[0] < FAILURE
        for found in predictor.predict(image, boxes)
    )


def face_free_pictures(folders: Sequence[Path]) -> Iterator[Any]:
    """scikit-image's pictures without a face, and all pictures of the folders."""
    for name in FACE_FREE:
        yield getattr(data, name)()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in PICTURES:
                yield read_picture(path)


def row(
    name: str, detector: Detector, faces: Sequence[LabelledFace], empty: Sequence[Any]
) -> list[str]:
    """A detector's row of the table."""
    predictor = danpredict.DANShapePredictor()
    found, times = 0, []
    detector(faces[0].picture())  # the first call may load something
    for face in tqdm(faces, name, unit="face", leave=False):
        image = face.picture()
        start = time.perf_counter()
        boxes = detector(image)
        times.append(time.perf_counter() - start)
        found += is_found(predictor, image, boxes, face)
    false = sum(len(detector(image)) for image in tqdm(empty, f"{name}, no faces", leave=False))
    milliseconds = 1000 * float(np.median(times))
    share = f"{100 * found / len(faces):.1f}"
    return [name, f"{found} of {len(faces)}", share, str(false), f"{milliseconds:.0f}"]


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("datasets", nargs="+", type=Path, help=DATASETS_HELP)
    parser.add_argument(
        "--detector", nargs="+", default=["builtin", "dlib"], metavar="NAME[=FILE]",
        help="detectors, with their weights files; default: builtin dlib",
    )  # fmt: skip
    parser.add_argument(
        "--faceless", nargs="*", default=[], type=Path, metavar="FOLDER",
        help="folders of pictures without faces",
    )  # fmt: skip
    parser.add_argument(
        "--every", type=positive_integer, default=1, metavar="N", help="use every N-th face only"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)

    def run() -> None:
        detectors = dict(map(parse_detector, given.detector))
        faces = [f for path in given.datasets for f in read_dataset(path, IBUG68.size)]
        faces = faces[:: given.every]
        empty = list(face_free_pictures(given.faceless))
        rows = [row(name, detector, faces, empty) for name, detector in detectors.items()]
        false = f"false faces on {len(empty)} pictures"
        print(markdown(["detector", "faces found", "%", false, "ms per picture"], rows))

    return run_program("detectors.py", run, debug=given.debug)


if __name__ == "__main__":
    raise SystemExit(main())
