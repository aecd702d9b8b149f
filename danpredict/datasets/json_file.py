"""JSON files of landmarks: ``{"a.jpg": [[[x, y], ...], ...]}``, image pixels from 0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets.face import FaceLandmarks

DECIMALS = 4


def read_faces(path: Path, size: int) -> list[FaceLandmarks]:
    """Read the faces of a JSON file; null becomes NaN.

    The number of landmarks is that of the file, which may differ from ``size``. Damaged files raise
    ValueError, TypeError, AttributeError or RecursionError.
    """
    table = json.loads(path.read_text("utf-8-sig"))
    return [
        FaceLandmarks(picture, np.array(face, float))
        for picture, faces in table.items()
        for face in faces
    ]


def faces_text(faces: Sequence[FaceLandmarks]) -> str:
    """The contents of a JSON file; NaN becomes null. Faces of one picture are put together."""
    table: dict[str, list[list[list[float | None]]]] = {}
    for face in faces:
        rows = [[None if np.isnan(v) else round(v, DECIMALS) for v in p] for p in face.landmarks]
        table.setdefault(face.picture, []).append(rows)
    return json.dumps(table)
