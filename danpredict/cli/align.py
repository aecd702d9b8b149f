"""``danpredict align``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from danpredict.boxes.detectors import detectors
from danpredict.cli.arguments import (
    doublings,
    positive_integer,
)

if TYPE_CHECKING:
    pass


HELP = "cut the aligned faces out of a folder of pictures"
DESCRIPTION = (
    "Find the faces of all pictures of a folder and below, and write their chips. "
    "The same command resumes where it was stopped. What other options, another model or a "
    "changed picture made is made again. Pictures that fail are listed at the end; the exit "
    "code is then 2."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the chips")
    parser.add_argument("--template", default="dlib", help="dlib, arcface, arcface128 or ffhq")
    parser.add_argument(
        "--size", type=positive_integer, help="side of a chip; by default the template's"
    )
    parser.add_argument("--model", help="name of a shipped model, or a file")
    parser.add_argument("--detector", default="dlib", help=", ".join(detectors()))
    parser.add_argument("--weights", type=Path, help="the detector's file")
    parser.add_argument("--processes", type=positive_integer, help="by default one for each core")
    parser.add_argument(
        "--upsample", type=doublings, default=0, metavar="N",
        help="double the pictures N times for dlib's detectors, to find smaller faces",
    )  # fmt: skip
    parser.set_defaults(stopped="what was aligned is kept, and the same command resumes")


def run(arguments: argparse.Namespace) -> None:
    """Cut the chips of all faces of a folder."""
    from danpredict.alignment.folder import Job, align_folder
    from danpredict.alignment.templates import template
    from danpredict.boxes.detectors import check_detector

    template(arguments.template)  # a wrong name is better said before the work
    check_detector(arguments.detector)
    job = Job(
        arguments.folder,
        arguments.out,
        arguments.template,
        arguments.size,
        arguments.model,
        arguments.detector,
        arguments.weights,
        arguments.upsample,
    )
    aligned = align_folder(job, arguments.processes)
    print(f"{aligned.faces} faces of {aligned.pictures} pictures are in {arguments.out}", end="")
    print(f", {aligned.aligned_now} of the pictures aligned now")
    if aligned.skipped:
        print(f"skipped, since OpenCV does not read them: {aligned.skipped}")
    if aligned.errors:
        for name, error in aligned.errors.items():
            print(f"  {name}: {error}", file=sys.stderr)
        count = f"{len(aligned.errors)} of {aligned.pictures} pictures failed"
        raise ValueError(f"{count}, listed above")
