"""``danpredict evaluate``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from danpredict.cli.arguments import MODEL_HELP, dataset_files, input_files, report_skipped
from danpredict.files.outputs import check_outputs, check_suffix, write_text

HELP = "measure a model's errors on annotated faces"
DESCRIPTION = (
    "Measure a model on annotated faces: errors by normaliser, facial part and stage, errors of "
    "difficult faces, and the quality of sigma and confidence. The model starts from the boxes of "
    "the data set, or from boxes of dlib's HOG detector if it has none. For the confidence, one "
    "box of background is added per face."
)
EXAMPLE = "danpredict evaluate lean68 300w/outdoor --out outdoor.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", help=MODEL_HELP)
    parser.add_argument("dataset", type=Path, help="folder, CSV table or imglab XML")
    parser.add_argument("--boxes", type=Path, help="JSON file of detector boxes, for a folder")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json",
        help="write all figures to this file, and a plot next to it",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Measure a model on annotated faces."""
    from danpredict.datasets.dataset import read_dataset
    from danpredict.evaluation.accuracy_report import accuracy_report
    from danpredict.evaluation.accuracy_text import accuracy_lines
    from danpredict.evaluation.evaluate import run_predictors
    from danpredict.predictor.predictor import DANShapePredictor

    out: Path | None = arguments.out
    if out is not None:
        check_suffix(out, [".json"])
        check_outputs([out, out.with_suffix(".png")], input_files(arguments))
    predictor = DANShapePredictor(arguments.model)
    name, convention = predictor.info["name"], predictor.convention
    faces = read_dataset(arguments.dataset, convention.size, arguments.boxes)
    report_skipped(arguments.dataset)
    if out is not None:
        check_outputs([out, out.with_suffix(".png")], dataset_files(faces))
    detector = None
    if all(face.box is None for face in faces):
        from danpredict.dlib_compat.detectors import frontal_face_detector

        detector = frontal_face_detector()
    used, predictions, background = run_predictors(
        {name: predictor}, faces, detector=detector, background=True
    )
    report = accuracy_report(predictions[name], background.get(name), used, convention)
    print(f"{arguments.dataset}: {len(used)} of {len(faces)} faces have a box")
    print("\n".join(accuracy_lines(report)))
    if out is not None:
        title = f"{name} on {'/'.join(arguments.dataset.resolve().parts[-2:])}, {len(used)} faces"
        _write(out, {name: report}, title)


def _write(out: Path, reports: dict[str, Any], title: str) -> None:
    """Write the figures as JSON, and the plots next to it."""
    from danpredict.evaluation.plots import draw_report

    write_text(out, json.dumps(reports, indent=1))
    try:
        draw_report(reports, title, out.with_suffix(".png"))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{out} is complete, its plot was not written") from None
    print(f"wrote {out} and {out.with_suffix('.png')}")
