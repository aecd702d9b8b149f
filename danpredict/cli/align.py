"""``danpredict align``."""

from __future__ import annotations

import argparse
from pathlib import Path

from danpredict.cli.arguments import (
    DEFAULT_HELP,
    MODEL_HELP,
    add_detector_options,
    positive_integer,
)
from danpredict.cli.pictures import fail_if_any, skipped_text

HELP = "cut the aligned faces out of a folder of pictures"
DESCRIPTION = (
    "Find the faces in all pictures of a folder and below, and write an aligned chip of each. "
    "If the command is interrupted, run it again to resume. It aligns a picture again if the "
    "picture, the options or the model have changed. Pictures that fail are listed at the end, and "
    "the exit code is then 2."
)
EXAMPLE = "danpredict align photos --template arcface --out chips"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("folder", type=Path, help="folder of pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder for the chips")
    parser.add_argument(
        "--template", default="dlib", help="dlib (default), arcface, arcface128 or ffhq"
    )
    parser.add_argument(
        "--size", type=positive_integer, help="side of a chip in pixels; default: the template's"
    )
    parser.add_argument("--model", help=f"{MODEL_HELP}; {DEFAULT_HELP.format('lean68')}")
    add_detector_options(parser)
    parser.add_argument(
        "--processes", type=positive_integer, help="worker processes; default: one per core"
    )
    parser.set_defaults(stopped="finished pictures are kept; run the same command to resume")


def run(arguments: argparse.Namespace) -> None:
    """Cut out the chips of all faces of a folder."""
    from danpredict.alignment.folder import align_folder
    from danpredict.alignment.job import Job
    from danpredict.alignment.templates import template
    from danpredict.batch.faces import FaceOptions
    from danpredict.detectors.load import check_detector

    template(arguments.template)  # report wrong names before any work
    check_detector(arguments.detector)
    job = Job(
        arguments.folder,
        arguments.out,
        arguments.template,
        arguments.size,
        FaceOptions(arguments.model, arguments.detector, arguments.weights, arguments.upsample),
    )
    result = align_folder(job, arguments.processes)
    print(
        f"{result.faces} faces of {result.pictures} pictures are in {arguments.out}; "
        f"pictures aligned now: {result.aligned_now}"
    )
    if result.skipped:
        print(skipped_text(result.skipped))
    fail_if_any(result.errors, result.pictures, "pictures")
