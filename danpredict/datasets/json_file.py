"""JSON files of landmarks: ``{"a.jpg": [[[x, y], ...], ...]}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets.face import Labels


def read_json(path: Path, size: int) -> list[Labels]:
    table = json.loads(path.read_text("utf-8-sig"))
    return [
        Labels(picture, np.array(face, float))  # null becomes NaN
        for picture, faces in table.items()
        for face in faces
    ]


def json_text(faces: Sequence[Labels]) -> str:
    table: dict[str, list[list[list[float | None]]]] = {}
    for face in faces:
        points = [[None if np.isnan(v) else round(v, 4) for v in p] for p in face.landmarks]
        table.setdefault(face.picture, []).append(points)
    return json.dumps(table)
