"""``danpredict export``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from danpredict.cli.arguments import (
    dataset_files,
    report_skipped,
)
from danpredict.extras import needs_extra
from danpredict.files.outputs import check_outputs, check_suffix, write_bytes

if TYPE_CHECKING:
    pass


HELP = "write a model that computes in int8"
DESCRIPTION = (
    "Write a model with eight-bit arithmetic: smaller, and faster on processors "
    "with instructions for it. The range of every layer is taken from some training faces."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", help="name of a shipped model, or a file")
    parser.add_argument(
        "--int8", type=Path, nargs="+", required=True, metavar="DATASET",
        help="training faces: folders, CSV tables or imglab XML",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.dan")


def run(arguments: argparse.Namespace) -> None:
    """Write a model in eight-bit arithmetic."""
    from danpredict.datasets.dataset import read_dataset
    from danpredict.model.file import read_model
    from danpredict.model.zoo import find_model

    check_suffix(arguments.out, [".dan"])
    check_outputs([arguments.out], [find_model(arguments.model), *arguments.int8])
    with needs_extra("export", "torch"):
        from danpredict.training.quantise import quantise

    model = read_model(find_model(arguments.model))
    report_skipped(*arguments.int8)
    faces = [face for path in arguments.int8 for face in read_dataset(path, model.convention.size)]
    check_outputs([arguments.out], dataset_files(faces))
    small = quantise(model, faces, arguments.out.stem)
    write_bytes(arguments.out, small.data)
    print(f"wrote {arguments.out}, {len(small.data) / 1e6:.1f} MB")
