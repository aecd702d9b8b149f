"""``danpredict calibrate``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from danpredict.cli.arguments import DATASETS_HELP, positive_integer, report_skipped
from danpredict.detectors.load import detectors

HELP = "measure where faces lie in a detector's boxes"
DESCRIPTION = (
    "Run a detector on pictures with 68 landmarks (ibug68), measure where the tight box of the "
    "landmarks lies in the detector's boxes, and print an entry for "
    "adapters/detector_calibrations.json."
)
EXAMPLE = "danpredict calibrate dlib 300w/afw"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("detector", help=", ".join(detectors()))
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET", help=DATASETS_HELP)
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights of the detector")
    parser.add_argument(
        "--every", type=positive_integer, default=1, metavar="N", help="use every N-th face only"
    )


def run(arguments: argparse.Namespace) -> None:
    """Measure where faces lie in a detector's boxes."""
    import numpy as np
    from tqdm import tqdm

    from danpredict.boxes.calibration import fit_box_calibration
    from danpredict.datasets.dataset import read_dataset
    from danpredict.detectors.load import load_detector
    from danpredict.evaluation.face_boxes import detected_box
    from danpredict.landmarks.convention import convention

    detector = load_detector(arguments.detector, weights=arguments.weights)
    size = convention("ibug68").size
    report_skipped(*arguments.datasets)
    faces = [face for path in arguments.datasets for face in read_dataset(path, size)]
    faces = faces[:: arguments.every]
    boxes = [
        detected_box(face.picture(), face, detector)
        for face in tqdm(faces, "detecting", unit="face", leave=False)
    ]
    pairs = [(b.sides, f.landmarks) for b, f in zip(boxes, faces, strict=True) if b is not None]
    if not pairs:
        raise ValueError(
            f"expected faces that {arguments.detector} detects, got none in {len(faces)} pictures"
        )
    calibration = fit_box_calibration(*map(np.array, zip(*pairs, strict=True)))
    source = f"medians over the {len(pairs)} of {len(faces)} faces that the detector found"
    print(json.dumps({arguments.detector: {**asdict(calibration), "source": source}}, indent=2))
