"""CSV tables of landmarks: ``file,x0,y0,x1,y1,...``."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets.face import LabelledFace, Labels
from danpredict.files.outputs import write_text
from danpredict.files.pictures import PICTURES, check_below, is_file
from danpredict.geometry.similarity import FloatArray


def csv_header(size: int) -> list[str]:
    """The first row of a table of ``size`` landmarks: ``file,x0,y0,x1,y1,...``."""
    return ["file", *(f"{axis}{i}" for i in range(size) for axis in "xy")]


def csv_columns(header: Sequence[str], path: Path) -> list[int]:
    """Indices of the landmarks that a header ``file,x17,y17,...`` names."""
    names = [match[1] for name in header[1::2] if (match := re.fullmatch(r"x(\d{1,4})", name))]
    if list(header) != ["file", *(axis + name for name in names for axis in "xy")] or not names:
        raise ValueError(f"expected the header 'file,x0,y0,...' in {path}, got {header[:5]}")
    return [int(name) for name in names]


def read_csv(path: Path, size: int) -> list[LabelledFace]:
    """Read a table with the header ``file,x0,y0,x1,y1,...``, 0-based pixels.

    A picture is named by its path from the table's folder, or by its name alone if it lies
    anywhere below. It has to lie in that folder or below.

    Parameters
    ----------
    path : Path
    size : int
        Number of landmarks. The header's numbers say which ones the table has; the others, and
        empty cells, are NaN.

    Raises
    ------
    FileNotFoundError
        The table or one of its pictures is missing.
    ValueError
        No such header, a row without a file and pairs of numbers, or a picture elsewhere.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a CSV table of landmarks, found no {path}")
    faces = []
    with path.open(newline="", encoding="utf-8-sig") as stream:  # with or without a BOM
        rows = csv.reader(stream)
        try:
            columns = csv_columns(next(rows, []), path)
            if max(columns) >= size:
                raise ValueError(f"expected {size} landmarks, got x{max(columns)} in {path}")
            pictures = _pictures_below(path.parent)
            for row in rows:
                try:
                    faces.append(_csv_face(row, columns, size, path, pictures))
                except (ValueError, IndexError) as error:
                    raise ValueError(
                        f"expected 'file,x0,y0,...' in line {rows.line_num} of {path}: {error}"
                    ) from error
        except csv.Error as error:
            raise ValueError(
                f"expected a CSV table, got {path}, line {rows.line_num}: {error}"
            ) from error
    if not faces:
        raise ValueError(f"expected 'file,x0,y0,...' rows, got an empty table {path}")
    return faces


def write_csv(
    path: Path,
    size: int,
    pictures: Sequence[Path],
    landmarks: Sequence[FloatArray | None],
) -> None:
    """Write a table that `read_csv` reads; pictures are named relative to its folder.

    Parameters
    ----------
    size : int
        Number of landmarks.
    landmarks : (size, 2) float each, image pixels
        NaN is an empty cell; a picture with None gets no row.

    Raises
    ------
    ValueError
        A picture does not lie in the table's folder or below; then nothing is written.
    OSError
        The table cannot be written.
    """
    folder = path.resolve().parent
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(csv_header(size))
    for picture, points in zip(pictures, landmarks, strict=True):
        name = check_below(folder, picture).resolve().relative_to(folder).as_posix()
        if points is not None:
            cells = ("" if np.isnan(value) else f"{value:.2f}" for value in points.ravel())
            writer.writerow([name, *cells])
    write_text(path, stream.getvalue())


def _pictures_below(folder: Path) -> dict[str, list[Path]]:
    """All pictures of a folder and below, by their names alone."""
    pictures: dict[str, list[Path]] = {}
    for picture in folder.rglob("*"):
        if picture.suffix.lower() in PICTURES:
            pictures.setdefault(picture.name, []).append(picture)
    return pictures


def _csv_face(
    row: list[str], columns: list[int], size: int, path: Path, pictures: dict[str, list[Path]]
) -> LabelledFace:
    landmarks = np.full((size, 2), np.nan)
    values = [float(word) if word else np.nan for word in row[1:]]
    if any(map(math.isinf, values)):
        raise ValueError("a coordinate that is infinite")
    landmarks[columns] = np.array(values).reshape(len(columns), 2)
    landmarks[np.isnan(landmarks).any(1)] = np.nan
    direct = path.parent / row[0]
    found = [direct] if is_file(direct) else pictures.get(Path(row[0]).name, [])
    if len(found) != 1:
        raise FileNotFoundError(
            f"expected one picture {row[0]} below {path.parent}, found {len(found)}"
        )
    return LabelledFace(check_below(path.parent, found[0]), landmarks)


def read_csv_landmarks(path: Path, size: int) -> list[Labels]:
    found = []
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.reader(stream)
        columns = csv_columns(next(rows, []), path)
        for row in rows:
            values = [float(word) if word else np.nan for word in row[1:]]
            landmarks = np.full((max(size, 1 + max(columns)), 2), np.nan)
            landmarks[columns] = np.array(values).reshape(len(columns), 2)
            found.append(Labels(row[0], landmarks))
    return found


def csv_text(faces: Sequence[Labels]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(csv_header(len(faces[0].landmarks)))
    for face in faces:
        cells = ("" if np.isnan(v) else f"{v:.4f}" for v in face.landmarks.ravel())
        writer.writerow([face.picture, *cells])
    return stream.getvalue()
