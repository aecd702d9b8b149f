"""``danpredict train``."""

from __future__ import annotations

import argparse
from pathlib import Path

from danpredict.cli.arguments import (
    fraction,
    positive_integer,
    report_skipped,
    weighted_dataset,
)
from danpredict.extras import needs_extra

HELP = "train a model on annotated faces"
DESCRIPTION = (
    "Train on folders of pictures with .pts files, CSV tables or imglab XML. If the command is "
    "interrupted, run it again to resume from the last checkpoint. To train in several processes: "
    "torchrun --nproc-per-node N -m danpredict train ..."
)
EXAMPLE = "danpredict train 300w/afw 300w/helen/trainset --out runs/mine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "datasets", nargs="+", type=weighted_dataset, metavar="DATASET[=WEIGHT]",
        help="folder, CSV table or imglab XML; faces of weight 2 are drawn twice as often",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--config", default="lean", help="lean (default), slim, nano, clean, paper, or a .toml file"
    )
    parser.add_argument(
        "--extra", action="append", type=weighted_dataset, default=[], metavar="DATASET[=WEIGHT]",
        help="a data set for training only; may be given several times",
    )  # fmt: skip
    parser.add_argument("--boxes", type=Path, help="JSON file of detector boxes, for validation")
    parser.add_argument(
        "--box-calibration", type=Path, metavar="FILE",
        help="what `danpredict calibrate dlib` printed for your pictures; default: the shipped one",
    )  # fmt: skip
    parser.add_argument(
        "--validation",
        type=fraction,
        default=0.1,
        help="fraction of the photos used for validation; default 0.1",
    )
    parser.add_argument(
        "--initial-weights", metavar="MODEL", help="model to start from; default: random weights"
    )
    parser.add_argument("--init", dest="initial_weights", help=argparse.SUPPRESS)  # of 0.2.0
    parser.add_argument(
        "--faces", type=positive_integer, help="number of training faces; default: the config's"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed; default 0")
    parser.add_argument(
        "--threads", type=positive_integer, help="threads of torch; default: all cores"
    )
    parser.add_argument("--licence", help="licence of the weights, stored in the model file")
    # This text is for an interruption before the first training step. The trainer has its own.
    parser.set_defaults(stopped="run the same command to resume from the checkpoint, if any")


def run(arguments: argparse.Namespace) -> None:
    """Train a model, or resume a run."""
    from danpredict.model.zoo import find_model
    from danpredict.training.run_folder import check_run_folder

    initial = arguments.initial_weights
    initial_path = None if initial is None else find_model(initial)
    given = [path for path, _ in arguments.datasets + arguments.extra]
    given += [Path(arguments.config), arguments.boxes, arguments.box_calibration, initial_path]
    check_run_folder(arguments.out, [path for path in given if path is not None])
    with needs_extra("training", "torch"):
        import torch
        import torch.distributed as dist

        from danpredict.boxes.calibration import read_calibration
        from danpredict.model.file import read_model
        from danpredict.training.config import load_config
        from danpredict.training.data import DataSource
        from danpredict.training.run import LICENCE_UNKNOWN, train, with_faces

    report_skipped(*(path for path, _ in arguments.datasets + arguments.extra))
    initial_model = None if initial_path is None else read_model(initial_path)
    calibration = arguments.box_calibration and read_calibration(arguments.box_calibration)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if dist.is_torchelastic_launched():
        dist.init_process_group("gloo")
    sources = [DataSource(path, weight) for path, weight in arguments.datasets]
    sources += [DataSource(path, weight, extra=True) for path, weight in arguments.extra]
    model = train(
        sources,
        arguments.out,
        with_faces(load_config(arguments.config), arguments.faces),
        rectangles=arguments.boxes,
        boxes=calibration,
        validation=arguments.validation,
        seed=arguments.seed,
        licence=arguments.licence or LICENCE_UNKNOWN,
        initial_model=initial_model,
    )
    if model is not None:
        print(f"wrote {arguments.out / 'model.dan'}, {len(model.data) / 1e6:.1f} MB")
    if dist.is_initialized():
        dist.destroy_process_group()
