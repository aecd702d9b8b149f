"""Read and write files of landmarks without their pictures; the suffix says the format."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets import csv_table, imglab, json_file, pts
from danpredict.datasets.face import FaceLandmarks
from danpredict.files.outputs import replacing

READERS: dict[str, Callable[[Path, int], list[FaceLandmarks]]] = {
    ".pts": pts.read_faces,
    ".csv": csv_table.read_faces,
    ".json": json_file.read_faces,
    ".xml": imglab.read_faces,
}
WRITERS: dict[str, Callable[[Sequence[FaceLandmarks]], str]] = {
    ".pts": pts.faces_text,
    ".csv": csv_table.faces_text,
    ".json": json_file.faces_text,
    ".xml": imglab.faces_text,
}
# Largest difference, pixels, between landmarks before writing and after reading.
ROUNDING = {".pts": 1e-4, ".csv": 1e-4, ".json": 1e-4, ".xml": 0.5001}


def check_kind(path: Path) -> str:
    """The suffix of a landmark file, in lower case; ValueError if it is not a known format."""
    if path.suffix.lower() not in READERS:
        raise ValueError(
            f"expected a file of landmarks that ends in one of {sorted(READERS)}, got {path}"
        )
    return path.suffix.lower()


def read_landmarks(path: Path, size: int) -> list[FaceLandmarks]:
    """Read all faces of a file, each with ``size`` landmarks. The suffix says the format.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        An unknown format, a damaged file, no faces, or another number of landmarks.
    """
    reader = READERS[check_kind(path)]
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of landmarks, found no {path}")
    try:
        faces = reader(path, size)
        if not faces:
            raise ValueError("the file has no faces")
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
        raise ValueError(f"expected {size} landmarks per face, got {path}: {error}") from error
    return faces


def _check_read_back(temporary: Path, faces: Sequence[FaceLandmarks], path: Path) -> None:
    """Raise ValueError if a written file is not read back as the same faces."""
    try:
        read = read_landmarks(temporary, len(faces[0].landmarks))
    except ValueError as error:
        raise ValueError(
            f"{path.suffix} files cannot store these landmarks, choose another format: {error}"
        ) from error
    named = path.suffix.lower() != ".pts"  # .pts files have no picture names

    def listed(rows: Sequence[FaceLandmarks]) -> list[FaceLandmarks]:
        return sorted(rows, key=lambda row: row.picture) if named else list(rows)

    rounding = ROUNDING[path.suffix.lower()]
    same = len(read) == len(faces) and all(
        (a.picture == b.picture or not named)
        and np.allclose(a.landmarks, b.landmarks, rtol=0, atol=rounding, equal_nan=True)
        for a, b in zip(listed(read), listed(faces), strict=True)
    )
    if not same:
        raise ValueError(
            f"{path.suffix} files cannot store these names or landmarks exactly, "
            "choose another format"
        )


def write_landmarks(path: Path, faces: Sequence[FaceLandmarks]) -> None:
    """Write all faces to a file. The suffix says the format.

    The file is first written under a temporary name, read back and compared.

    Raises
    ------
    ValueError
        An unknown format, no faces, infinite landmarks, or faces that the format cannot store.
    OSError
        The file cannot be written. An older file stays as it was.
    """
    write = WRITERS[check_kind(path)]
    if not faces:
        raise ValueError(f"expected faces for {path}, got none")
    if any(np.isinf(face.landmarks).any() for face in faces):
        raise ValueError(f"expected finite landmarks or NaN for {path}, got infinite ones")
    with replacing(path) as temporary:
        temporary.write_bytes(write(faces).encode("utf-8"))
        _check_read_back(temporary, faces, path)
