"""Write the faces of photos as a CSV table, or as JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from danpredict.batch.log import Row
from danpredict.files.outputs import replacing_text
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.openness import has_openness
from danpredict.photos.rows import Face

BOX = ["left", "top", "right", "bottom"]
MEASURED = {"pose": ["yaw", "pitch", "roll"], "openness": ["eye_right", "eye_left", "mouth"]}


def columns(convention: Convention) -> list[str]:
    """The header of the CSV table."""
    measured = [name for names in MEASURED.values() for name in names]
    landmarks = [f"{axis}{i}" for i in range(convention.size) for axis in "xy"]
    return [
        "file", "face", *BOX, "confidence", *(measured if has_openness(convention) else []),
        *landmarks, *(f"sigma{i}" for i in range(convention.size)),
    ]  # fmt: skip


def _cells(face: Face, convention: Convention) -> list[Any]:
    """The cells of a face; None becomes an empty cell."""
    cells = [*face["box"], face["confidence"]]
    if has_openness(convention):
        for group, names in MEASURED.items():
            values = face[group] or {}
            cells += [values.get(name) for name in names]
    cells += [value for point in face["landmarks"] for value in point]
    return cells + (face["sigma"] or [None] * convention.size)


def write_csv(path: Path, rows: Iterable[Row], convention: Convention) -> None:
    """Write a table with a row for each face.

    Parameters
    ----------
    rows : iterable of dict
        One for each photo, with ``picture`` and ``faces``; see `danpredict.photos.rows.face_row`.

    Raises
    ------
    OSError, ValueError
        The file cannot be written. An older file stays as it was.
    """
    with replacing_text(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns(convention))
        for row in rows:
            for number, face in enumerate(row["faces"]):
                writer.writerow([row["picture"], number, *_cells(face, convention)])


def write_json(path: Path, rows: Iterable[Row]) -> None:
    """Write a JSON Lines file with a line for each photo; see `write_csv`."""
    with replacing_text(path) as stream:
        for row in rows:
            line = {
                "file": row["picture"],
                "width": row["size"][0],
                "height": row["size"][1],
                "faces": row["faces"],
            }
            stream.write(json.dumps(line) + "\n")
