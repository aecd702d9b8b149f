"""Types of command-line arguments, and helpers that several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from danpredict.cli.pictures import skipped_text

if TYPE_CHECKING:
    from danpredict.datasets.face import LabelledFace

MODEL_HELP = "name of a shipped model, or a model file"
DEFAULT_HELP = "default: the value of DANPREDICT_MODEL, else {}"
DATASETS_HELP = "folders of pictures with .pts files, CSV tables or imglab XML"
MAX_DOUBLINGS = 4  # a picture of 2 megapixels then has 512

Number = TypeVar("Number", int, float)


def _number(text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def fraction(text: str) -> float:
    """An argument from 0 to 1, without 1."""
    value = _number(text, float)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a fraction from 0 to below 1, got {text}")
    return value


def positive_integer(text: str) -> int:
    """An argument of 1, 2, 3, ..."""
    value = _number(text, int)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text}")
    return value


def doublings(text: str) -> int:
    """An argument that says how often a picture is doubled in size."""
    value = _number(text, int)
    if not 0 <= value <= MAX_DOUBLINGS:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 0 to {MAX_DOUBLINGS}, got {text}"
        )
    return value


def weighted_dataset(text: str) -> tuple[Path, float]:
    """An argument ``DATASET`` or ``DATASET=WEIGHT``; the default weight is 1."""
    path, _, weight = text.rpartition("=")
    try:
        value = float(weight) if path else 1.0
    except ValueError:
        path, value = "", 1.0  # the equals sign belongs to the path
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a weight above 0, got {text}")
    return Path(path or text), value


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--detector``, ``--weights`` and ``--upsample``."""
    from danpredict.detectors.load import detectors

    parser.add_argument(
        "--detector",
        default="auto",
        help="auto (default): dlib where dlib is installed, else builtin; "
        f"all: {', '.join(detectors())}",
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights of the detector")
    parser.add_argument(
        "--upsample", type=doublings, default=0, metavar="N",
        help="halve the size of the smallest faces N times (not for face-alignment's detectors)",
    )  # fmt: skip


def dataset_files(faces: Sequence[LabelledFace]) -> list[Path]:
    """The pictures of faces and the .pts files next to them; some may not exist."""
    return [f for face in faces for f in (face.path, face.path.with_suffix(".pts"))]


def report_skipped(*datasets: Path) -> None:
    """Print which annotated pictures are skipped because their format cannot be read."""
    from danpredict.files.pictures import skipped_pictures

    for path in datasets:
        files = path.rglob("*") if path.is_dir() else ()
        skipped = skipped_pictures(file for file in files if file.with_suffix(".pts").is_file())
        if skipped:
            print(f"{path}: {skipped_text(skipped)}", file=sys.stderr)


def input_files(arguments: argparse.Namespace) -> list[Path]:
    """The files and folders that a command reads, as named by its options."""
    from danpredict.model.zoo import default_path, find_model

    names = ("dataset", "boxes", "weights")
    paths = [path for name in names if (path := getattr(arguments, name, None)) is not None]
    paths += [find_model(teacher) for teacher in getattr(arguments, "teacher", ())]
    return [*paths, default_path() if arguments.model is None else find_model(arguments.model)]
