"""``danpredict export``."""

from __future__ import annotations

import argparse
from pathlib import Path

from danpredict.cli.arguments import DATASETS_HELP, MODEL_HELP, dataset_files, report_skipped
from danpredict.extras import needs_extra
from danpredict.files.outputs import check_outputs, check_suffix, write_bytes

HELP = "convert a model to eight-bit arithmetic"
DESCRIPTION = (
    "Convert a model to eight-bit arithmetic (int8). It becomes smaller, and faster on processors "
    "with instructions for it. The value range of each layer is measured on some training faces."
)
EXAMPLE = "danpredict export lean68 --int8 300w/afw --out small.dan"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", help=MODEL_HELP)
    parser.add_argument(
        "--int8", type=Path, nargs="+", required=True, metavar="DATASET",
        help=f"training faces: {DATASETS_HELP}",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.dan", help="model file to write"
    )


def run(arguments: argparse.Namespace) -> None:
    """Convert a model to eight-bit arithmetic."""
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
    quantised = quantise(model, faces, arguments.out.stem)
    write_bytes(arguments.out, quantised.data)
    print(f"wrote {arguments.out}, {len(quantised.data) / 1e6:.1f} MB")
