"""``danpredict convert``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from danpredict.files.outputs import check_outputs
from danpredict.landmarks.convention import conventions

if TYPE_CHECKING:
    pass


HELP = "change the landmark convention of a file"
DESCRIPTION = (
    "Read landmarks from .pts, .csv, .json or imglab .xml and write them in "
    f"another convention and kind of file. Conventions: {', '.join(conventions())}."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path)
    parser.add_argument("--from", dest="source", required=True, metavar="CONVENTION")
    parser.add_argument("--to", required=True, metavar="CONVENTION")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--gaps", action="store_true", help="leave out points that cannot be had, do not refuse"
    )


def run(arguments: argparse.Namespace) -> None:
    """Landmarks of a file in another convention."""
    from danpredict.datasets.landmark_file import check_kind, read_landmarks, write_landmarks
    from danpredict.landmarks.convention import convention
    from danpredict.landmarks.conversion import convert as converted

    check_kind(arguments.out)
    check_outputs([arguments.out], [arguments.file])
    convention(arguments.to)  # a wrong name is better said before the work
    missing = "nan" if arguments.gaps else "raise"
    faces = read_landmarks(arguments.file, convention(arguments.source).size)
    given = (converted(f.landmarks, arguments.source, arguments.to, missing=missing) for f in faces)
    faces = [face._replace(landmarks=new) for face, new in zip(faces, given, strict=True)]
    write_landmarks(arguments.out, faces)
    print(f"wrote {arguments.out}: {len(faces)} faces, {convention(arguments.to).size} points each")
