"""What `write_landmarks` accepts is read back as it was; what it refuses leaves the old file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from danpredict.datasets.face import FaceLandmarks
from danpredict.datasets.landmark_file import ROUNDING, WRITERS, read_landmarks, write_landmarks

from .harness import Rng, succeeds
from .mutations import pick

NAMES = [
    "a.jpg", "a.jpg", "b/c.png", "", " ", " a ", "\n", "a\r\nb", "a\rb", "\t", "\x00", "\x0b",
    "\x85", "\ufeff", "\ud800", "\ufffe", "é", "e\u0301", "日本.jpg", "😀", '"', "'", "a,b", "<&>",
    "]]>", "../a", "null", "nan", "=1+1", "#a", "\x1b[2J", "a" * 5000, "a" * 140_000, "file",
]  # fmt: skip
SCALES = [1, 100, 100, 1e-9, 1e6, 1e7, 1e15, 1e17, 1e300]


def _landmarks(rng: Rng, size: int) -> np.ndarray:
    points = rng.normal(0, 1, (size, 2)) * pick(rng, SCALES)
    way = rng.random()
    if way < 0.2:
        points[rng.random(size) < 0.4] = np.nan
    elif way < 0.25:
        points[rng.random((size, 2)) < 0.2] = np.nan  # x without y
    elif way < 0.3:
        points[:] = np.nan
    elif way < 0.35 and size:
        points[0, 0] = pick(rng, [np.inf, -np.inf])
    elif way < 0.4:
        points = np.round(points)
    return points


def _faces(rng: Rng) -> list[FaceLandmarks]:
    size = int(pick(rng, [5] * 10 + [68] * 5 + [1, 2, 0, 12_000]))
    faces = []
    for _ in range(int(rng.integers(0, 4)) if size < 100 else 1):
        other = size + 1 if rng.random() < 0.02 else size
        rectangle = (
            (1.0, 2.0, float(rng.normal() * 100), float("nan")) if rng.random() < 0.1 else None
        )
        faces.append(FaceLandmarks(pick(rng, NAMES), _landmarks(rng, other), rectangle))
    return faces


def case(rng: Rng, folder: Path) -> None:
    """Some faces, written to one kind of file."""
    suffix = pick(rng, [*WRITERS, *WRITERS, ".txt", ".XML"])
    path = folder / f"labels{suffix}"
    old = b"old" if rng.random() < 0.5 else None
    if old is not None:
        path.write_bytes(old)
    faces = _faces(rng)
    written = succeeds((ValueError,), write_landmarks, path, faces)
    assert {item.name for item in folder.iterdir()} <= {path.name}
    if not written:
        assert (path.read_bytes() if path.exists() else None) == old
        return
    size, named = len(faces[0].landmarks), suffix.lower() != ".pts"
    found = read_landmarks(path, size)
    assert len(found) == len(faces)
    if named:  # faces of one picture stand together in some kinds
        found, faces = (sorted(rows, key=lambda row: row.picture) for rows in (found, faces))
        assert [face.picture for face in found] == [face.picture for face in faces]
    for one, other in zip(found, faces, strict=True):
        assert one.landmarks.shape == (size, 2)
        assert not np.isinf(one.landmarks).any()
        np.testing.assert_allclose(
            one.landmarks, other.landmarks, rtol=0, atol=ROUNDING[suffix.lower()]
        )
