"""``danpredict pseudo-label``."""

from __future__ import annotations

import argparse
from pathlib import Path

from danpredict.cli.arguments import MODEL_HELP, dataset_files, input_files, report_skipped
from danpredict.files.outputs import check_outputs, check_suffix

HELP = "label faces with one or more models, to train on them"
DESCRIPTION = (
    "Write a CSV table of pseudo-labels, for faces whose labels are coarse or incomplete. A "
    "pseudo-label is the mean of a model's landmarks from several initial transforms and mirrored "
    "pictures. A face is kept if these agree with each other and with its labels. With --teacher, "
    "a pseudo-label is the mean of several models; where they disagree on lids or lips, these are "
    "left empty."
)
EXAMPLE = "danpredict pseudo-label lean68 faces.csv --out better.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", help=MODEL_HELP)
    parser.add_argument(
        "dataset", type=Path,
        help="folder, CSV table, imglab XML, or a CSV table of five points (file,by,x0,y0,...)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.csv", help="CSV table to write"
    )
    parser.add_argument(
        "--teacher", action="append", default=[], metavar="MODEL",
        help="another model, or a teacher.pt, for the mean; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--openness", metavar="MODEL",
        help="take lids and lips from this model, which must be one of those above",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Write pseudo-labels of one model, or the mean of several."""
    from danpredict.training.pseudo_labels.coarse import is_five_points
    from danpredict.training.pseudo_labels.label import label_dataset

    check_suffix(arguments.out, [".csv"])
    check_outputs([arguments.out], input_files(arguments))
    if not (arguments.teacher or arguments.openness or is_five_points(arguments.dataset)):
        label_with_one_model(arguments)
        return
    names = [arguments.model, *arguments.teacher]
    counts = label_dataset(names, arguments.dataset, arguments.out, arguments.openness)
    print(
        f"wrote {arguments.out}: {counts.kept} of {counts.faces} faces, {counts.incomplete} of "
        "them without lids or lips"
    )


def label_with_one_model(arguments: argparse.Namespace) -> None:
    """Write pseudo-labels of one model for faces with coarse labels."""
    from danpredict.cascade.onnx_cascade import Cascade
    from danpredict.datasets.dataset import read_dataset
    from danpredict.model.file import read_model
    from danpredict.model.zoo import find_model
    from danpredict.training.pseudo_labels import one_model

    model = read_model(find_model(arguments.model))
    faces = read_dataset(arguments.dataset, model.convention.size)
    report_skipped(arguments.dataset)
    check_outputs([arguments.out], dataset_files(faces))
    kept = one_model.label_with_one_model(Cascade(model), faces, model.convention, arguments.out)
    print(f"wrote {arguments.out}: {kept} of {len(faces)} faces")
