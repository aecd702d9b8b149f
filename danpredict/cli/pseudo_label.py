"""``danpredict relabel``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from danpredict.cli.arguments import (
    dataset_files,
    input_files,
    report_skipped,
)
from danpredict.files.outputs import check_outputs, check_suffix

if TYPE_CHECKING:
    pass


HELP = "replace coarse labels by a model's own"
DESCRIPTION = (
    "Write a CSV table with a model's landmarks for faces whose labels are coarse "
    "or incomplete, to train on: averaged over starts and mirrored pictures, and kept where "
    "these agree with each other and with the labels. With --teacher, the landmarks are the "
    "mean of several models, and lids and lips are left empty where they disagree."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", help="name of a shipped model, or a file")
    parser.add_argument(
        "dataset", type=Path,
        help="folder, CSV table, imglab XML, or a CSV table of five points (file,by,x0,y0,...)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
    parser.add_argument(
        "--teacher", action="append", default=[], metavar="MODEL",
        help="another model, or a teacher.pt, to average with; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--openness", metavar="MODEL",
        help="take lids and lips from this one of the models named",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Write landmarks of one model, or the mean of several, for faces with coarse labels."""
    from danpredict.cascade.onnx_cascade import Cascade
    from danpredict.datasets.dataset import read_dataset
    from danpredict.model.file import read_model
    from danpredict.model.zoo import find_model
    from danpredict.training.pseudo_labels.coarse import is_five_points
    from danpredict.training.pseudo_labels.label import label_dataset
    from danpredict.training.pseudo_labels.one_model import label_with_one_model

    check_suffix(arguments.out, [".csv"])
    check_outputs([arguments.out], input_files(arguments))
    if arguments.teacher or arguments.openness or is_five_points(arguments.dataset):
        names = [arguments.model, *arguments.teacher]
        counts = label_dataset(names, arguments.dataset, arguments.out, arguments.openness)
        print(
            f"wrote {arguments.out}: {counts.kept} of {counts.faces} faces; "
            f"lids or lips are left empty in {counts.incomplete}"
        )
        return
    model = read_model(find_model(arguments.model))
    faces = read_dataset(arguments.dataset, model.convention.size)
    report_skipped(arguments.dataset)
    check_outputs([arguments.out], dataset_files(faces))
    kept = label_with_one_model(Cascade(model), faces, model.convention, arguments.out)
    print(f"wrote {arguments.out}: {kept} of {len(faces)} faces")
