"""Types of command-line arguments, and what several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from danpredict.datasets.face import LabelledFace


Number = TypeVar("Number", int, float)
MOST_DOUBLINGS = 4  # a picture of 2 megapixels then has 500


def _number(text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def fraction(text: str) -> float:
    value = _number(text, float)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a fraction from 0 up to 1, got {text}")
    return value


def positive_integer(text: str) -> int:
    value = _number(text, int)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text}")
    return value


def doublings(text: str) -> int:
    value = _number(text, int)
    if not 0 <= value <= MOST_DOUBLINGS:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 0 to {MOST_DOUBLINGS}, got {text}"
        )
    return value


def weighted_dataset(text: str) -> tuple[Path, float]:
    """``DATASET`` or ``DATASET=WEIGHT``."""
    path, _, weight = text.rpartition("=")
    try:
        value = float(weight) if path else 1.0
    except ValueError:
        path, value = "", 1.0  # an equals sign of the path's own
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a weight above 0, got {text}")
    return Path(path or text), value


def dataset_files(faces: Sequence[LabelledFace]) -> list[Path]:
    """The files that faces come from: pictures, and the .pts files beside them."""
    return [f for face in faces for f in (face.path, face.path.with_suffix(".pts"))]


def report_skipped(*datasets: Path) -> None:
    """Tell of annotated pictures in formats that are not read."""
    from danpredict.files.pictures import skipped_pictures

    for path in datasets:
        files = path.rglob("*") if path.is_dir() else ()
        skipped = skipped_pictures(file for file in files if file.with_suffix(".pts").is_file())
        if skipped:
            print(f"{path}: skipped, since OpenCV does not read them: {skipped}", file=sys.stderr)


def input_files(arguments: argparse.Namespace) -> list[Path]:
    """Files and folders that a command's options name and that it reads."""
    from danpredict.model.zoo import find_model

    names = ("dataset", "boxes", "weights")
    paths = [path for name in names if (path := getattr(arguments, name, None)) is not None]
    paths += [find_model(teacher) for teacher in getattr(arguments, "teacher", ())]
    return paths if arguments.model is None else [*paths, find_model(arguments.model)]
