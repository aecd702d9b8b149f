"""``danpredict calibrate``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from danpredict.boxes.detectors import detectors
from danpredict.cli.arguments import (
    positive_integer,
    report_skipped,
)

if TYPE_CHECKING:
    pass


HELP = "measure where the face lies in a detector's rectangles"
DESCRIPTION = (
    "Run a detector over pictures with the landmarks of ibug68 and print an entry "
    "for adapters/boxes.json: where the tight box of the landmarks lies in its rectangles."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("detector", help=", ".join(detectors()))
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET")
    parser.add_argument("--weights", type=Path, help="the detector's file")
    parser.add_argument(
        "--every", type=positive_integer, default=1, metavar="N", help="take every N-th face"
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure where the landmarks lie in a detector's rectangles."""
    import numpy as np
    from tqdm import tqdm

    from danpredict.boxes.calibration import fit_box_calibration
    from danpredict.boxes.detectors import load_detector
    from danpredict.datasets.dataset import read_dataset
    from danpredict.evaluation.evaluate import rectangle_on
    from danpredict.landmarks.convention import convention

    detector = load_detector(arguments.detector, weights=arguments.weights)
    size = convention("ibug68").size
    report_skipped(*arguments.datasets)
    faces = [face for path in arguments.datasets for face in read_dataset(path, size)]
    faces = faces[:: arguments.every]
    boxes = [
        rectangle_on(face.picture(), face, detector)
        for face in tqdm(faces, "detecting", unit="face", leave=False)
    ]
    pairs = [(b.sides, f.landmarks) for b, f in zip(boxes, faces, strict=True) if b is not None]
    if not pairs:
        raise ValueError(f"no face found by {arguments.detector} in {len(faces)} pictures")
    fitted = fit_box_calibration(*map(np.array, zip(*pairs, strict=True)))
    source = f"medians over {len(pairs)} of {len(faces)} faces, those that it finds"
    print(json.dumps({arguments.detector: {**asdict(fitted), "source": source}}, indent=2))
