"""What the commands for many pictures print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from tqdm import tqdm

from danpredict.batch.log import Row
from danpredict.batch.run import SHOWN_AFTER

ANGLES = ("yaw", "pitch", "roll")


def printable(line: str) -> str:
    """Escape control characters: a stranger's file must not control the terminal."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return "".join(shown)


def skipped_text(skipped: str) -> str:
    """A line about skipped pictures; see `danpredict.files.pictures.skipped_pictures`."""
    return f"skipped, because these formats cannot be read: {skipped}"


def fail_if_any(errors: Mapping[str, str], total: int, what: str) -> None:
    """Print a line for each picture that failed, and raise ValueError if there is one.

    Parameters
    ----------
    errors : dict
        Errors by name of the picture.
    total : int
        Number of pictures.
    what : str
        What the pictures are called, such as ``"photos"``.
    """
    for name, error in errors.items():
        print(printable(f"  {name}: {error}"), file=sys.stderr)
    if errors:
        raise ValueError(f"{len(errors)} of {total} {what} failed; see the list above")


def face_lines(row: Row) -> list[str]:
    """A line for each face of a photo; see `danpredict.photos.rows.face_row`."""
    name = printable(row["picture"])
    if "error" in row:
        return []  # listed at the end
    lines = []
    for number, face in enumerate(row["faces"]):
        left, top, right, bottom = face["box"]
        line = f"{name}, face {number}: left {left}, top {top}, right {right}, bottom {bottom}"
        if face["confidence"] is not None:
            line += f", confidence {face['confidence']:.2f}"
        if face.get("pose") is not None:
            line += "".join(f", {angle} {face['pose'][angle]:.0f}" for angle in ANGLES)
        lines.append(line)
    return lines or [f"{name}: no face"]


def printed(rows: Iterable[Row], total: int) -> Iterator[Row]:
    """Pass on the rows of ``total`` photos, and print their faces above a progress bar."""
    for row in tqdm(rows, "predicting", total, unit="photo", delay=SHOWN_AFTER):
        for line in face_lines(row):
            tqdm.write(line)
        yield row
