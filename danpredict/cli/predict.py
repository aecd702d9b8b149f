"""``danpredict predict``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from danpredict.cli.arguments import (
    DEFAULT_HELP,
    MODEL_HELP,
    add_detector_options,
    input_files,
    positive_integer,
)
from danpredict.cli.pictures import fail_if_any, printed, skipped_text

HELP = "find the landmarks of photos"
DESCRIPTION = (
    "Find the faces and landmarks of photos. Write them as a CSV table, as JSON lines, or drawn "
    "into copies of the photos. Without any of these, a line for each face is printed. If the "
    "command is interrupted, run it again to resume. It reads a photo again if the photo, the "
    "options or the model have changed. Photos that fail are listed at the end, and the exit code "
    "is then 2."
)
EXAMPLE = "danpredict predict photos --csv results.csv --draw drawn"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH",
        help="photos, folders of photos, or quoted patterns such as 'photos/*.jpg'",
    )  # fmt: skip
    parser.add_argument("--csv", type=Path, metavar="FILE", help="table to write, a row per face")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="JSON lines to write, a line per photo"
    )
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="folder for copies with the landmarks drawn"
    )
    add_detector_options(parser)
    parser.add_argument("--model", help=f"{MODEL_HELP}; {DEFAULT_HELP.format('lean68')}")
    parser.add_argument(
        "--convention", help="convention of the landmarks, such as dlib5; default: the model's"
    )
    parser.add_argument(
        "--jobs", type=positive_integer, metavar="N", help="processes; default: one per core"
    )
    parser.set_defaults(stopped="finished photos are kept; run the same command to resume")


def run(arguments: argparse.Namespace) -> None:
    """Find the landmarks of photos."""
    from danpredict.batch.faces import FaceOptions, convention_of
    from danpredict.detectors.load import check_detector
    from danpredict.photos.find import find_photos
    from danpredict.photos.outputs import Outputs, check_photo_outputs
    from danpredict.photos.predict import Result, photo_rows, predict_photos

    begun = time.monotonic()
    check_detector(arguments.detector)
    outputs = Outputs(arguments.csv, arguments.json, arguments.draw)
    options = FaceOptions(
        arguments.model,
        arguments.detector,
        arguments.weights,
        arguments.upsample,
        arguments.convention,
    )
    convention_of(options)  # report wrong names before any work
    photos = find_photos(arguments.paths, outputs.draw)
    check_photo_outputs(outputs, photos, input_files(arguments))
    if outputs.log is None:
        try:
            rows = printed(photo_rows(photos, options, arguments.jobs), len(photos.files))
            result = Result.of(rows, len(photos.files))
        except KeyboardInterrupt:
            raise KeyboardInterrupt("nothing was written") from None
    else:
        result = predict_photos(photos, options, outputs, arguments.jobs)
    seconds = time.monotonic() - begun
    print(
        f"{result.photos} photos, {result.faces} faces, {seconds:.1f} s; "
        f"photos read now: {result.predicted_now}"
    )
    for path in outputs:
        if path is not None:
            print(f"wrote {path}")
    if photos.skipped:
        print(skipped_text(photos.skipped))
    if not result.faces and len(result.errors) < result.photos:
        print(
            f"no face was found. Try --upsample {arguments.upsample + 1} for smaller faces, or "
            "another --detector"
        )
    fail_if_any(result.errors, result.photos, "photos")
