"""``danpredict convert``."""

from __future__ import annotations

import argparse
from pathlib import Path

from danpredict.files.outputs import check_outputs
from danpredict.landmarks.convention import conventions

HELP = "convert a landmark file to another convention"
DESCRIPTION = (
    "Read landmarks from a .pts, .csv, .json or imglab .xml file, convert them to another "
    "convention, and write them to a file of any of these kinds. Conventions: "
    f"{', '.join(conventions())}."
)
EXAMPLE = "danpredict convert a.xml --from ibug68 --to dlib5 --out b.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path, help="landmark file")
    parser.add_argument(
        "--from", dest="source", required=True, metavar="CONVENTION", help="convention of the file"
    )
    parser.add_argument("--to", required=True, metavar="CONVENTION", help="convention to write")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="landmark file to write"
    )
    parser.add_argument(
        "--gaps", action="store_true",
        help="leave out landmarks that the source does not give, instead of an error",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Convert a landmark file to another convention."""
    from danpredict.datasets.landmark_file import check_kind, read_landmarks, write_landmarks
    from danpredict.landmarks.convention import convention
    from danpredict.landmarks.conversion import convert

    check_kind(arguments.out)
    check_outputs([arguments.out], [arguments.file])
    target = convention(arguments.to)  # report a wrong name before any work
    missing = "nan" if arguments.gaps else "raise"
    faces = read_landmarks(arguments.file, convention(arguments.source).size)
    converted = [
        face._replace(
            landmarks=convert(face.landmarks, arguments.source, arguments.to, missing=missing)
        )
        for face in faces
    ]
    write_landmarks(arguments.out, converted)
    print(f"wrote {arguments.out}: {len(converted)} faces, {target.size} landmarks each")
