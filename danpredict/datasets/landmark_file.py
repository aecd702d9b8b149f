"""Landmarks in files, without their pictures: ``.pts``, ``.csv``, ``.json`` and imglab ``.xml``.

In JSON a picture's name stands before the list of its faces: ``{"a.jpg": [[[x, y], ...], ...]}``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets import csv_table, imglab, json_file, pts
from danpredict.datasets.face import Labels
from danpredict.files.outputs import replacing

READERS: dict[str, Callable[[Path, int], list[Labels]]] = {
    ".pts": pts.read_pts_landmarks,
    ".csv": csv_table.read_csv_landmarks,
    ".json": json_file.read_json,
    ".xml": imglab.read_imglab_landmarks,
}
WRITERS: dict[str, Callable[[Sequence[Labels]], str]] = {
    ".pts": pts.pts_text,
    ".csv": csv_table.csv_text,
    ".json": json_file.json_text,
    ".xml": imglab.imglab_text,
}
ROUNDING = {".pts": 1e-4, ".csv": 1e-4, ".json": 1e-4, ".xml": 0.5001}  # pixels


def check_kind(path: Path) -> str:
    """The suffix of a landmark file; ValueError where it is none of those that are known."""
    if path.suffix.lower() not in READERS:
        raise ValueError(f"expected a file out of {sorted(READERS)}, got {path}")
    return path.suffix.lower()


def read_landmarks(path: Path, size: int) -> list[Labels]:
    """All faces of a file, each with ``size`` landmarks.

    Raises
    ------
    FileNotFoundError, ValueError
        No such file, another kind of file, a damaged one, or another number of landmarks.
    """
    reader = READERS[check_kind(path)]
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of landmarks, found no {path}")
    try:
        faces = reader(path, size)
        if not faces:
            raise ValueError("no faces in it")
        shapes = {face.landmarks.shape for face in faces} - {(size, 2)}
        if shapes:
            raise ValueError(f"landmarks of shape {shapes.pop()}")
        if any(np.isinf(face.landmarks).any() for face in faces):
            raise ValueError("a coordinate that is infinite")
    except (
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        OverflowError,
        csv.Error,
    ) as error:
        raise ValueError(f"expected {size} landmarks a face, got {path}: {error}") from error
    return faces


def _check_read_back(temporary: Path, faces: Sequence[Labels], path: Path) -> None:
    """Refuse a file that would not be read as what was meant to be written."""
    try:
        found = read_landmarks(temporary, len(faces[0].landmarks))
    except ValueError as error:
        raise ValueError(f"{path.suffix} files cannot hold these landmarks: {error}") from error
    named = path.suffix.lower() != ".pts"  # which hold no picture's name

    def listed(rows: Sequence[Labels]) -> list[Labels]:
        return sorted(rows, key=lambda row: row.picture) if named else list(rows)

    off = ROUNDING[path.suffix.lower()]
    same = len(found) == len(faces) and all(
        (a.picture == b.picture or not named)
        and np.allclose(a.landmarks, b.landmarks, rtol=0, atol=off, equal_nan=True)
        for a, b in zip(listed(found), listed(faces), strict=True)
    )
    if not same:
        raise ValueError(f"{path.suffix} files cannot hold these names or landmarks unchanged")


def write_landmarks(path: Path, faces: Sequence[Labels]) -> None:
    """Write all faces to a file, of the kind that its name says.

    The file is read back before it takes its name.

    Raises
    ------
    ValueError
        Another kind of file, no faces, or what such a file cannot hold.
    OSError
        The file cannot be written; an older one stays as it was.
    """
    write = WRITERS[check_kind(path)]
    if not faces:
        raise ValueError(f"expected faces for {path}, got none")
    if any(np.isinf(face.landmarks).any() for face in faces):
        raise ValueError(f"expected finite landmarks or NaN for {path}, got infinite ones")
    with replacing(path) as temporary:
        temporary.write_bytes(write(faces).encode("utf-8"))
        _check_read_back(temporary, faces, path)
