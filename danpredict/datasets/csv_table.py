"""CSV tables of landmarks, ``file,x0,y0,x1,y1,...``, image pixels from 0; empty cells are NaN."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets.face import FaceLandmarks, LabelledFace
from danpredict.files.outputs import write_text
from danpredict.files.pictures import PICTURES, check_below, is_file
from danpredict.geometry.similarity import FloatArray

DATASET_DECIMALS, DECIMALS = 2, 4


def _header(size: int) -> list[str]:
    return ["file", *(f"{axis}{i}" for i in range(size) for axis in "xy")]


def _columns(header: Sequence[str], path: Path) -> list[int]:
    """Indices of the landmarks that a header ``file,x17,y17,...`` names."""
    names = [match[1] for name in header[1::2] if (match := re.fullmatch(r"x(\d{1,4})", name))]
    if list(header) != ["file", *(axis + name for name in names for axis in "xy")] or not names:
        raise ValueError(f"expected the header 'file,x0,y0,...' in {path}, got {header[:5]}")
    return [int(name) for name in names]


def _landmarks(cells: Sequence[str], columns: Sequence[int], size: int) -> FloatArray:
    """The (size, 2) landmarks in the cells of a row; NaN for those without a column or a number."""
    values = [float(cell) if cell else np.nan for cell in cells]
    if any(map(math.isinf, values)):
        raise ValueError("a coordinate that is infinite")
    landmarks = np.full((size, 2), np.nan)
    landmarks[columns] = np.array(values).reshape(len(columns), 2)
    return landmarks


def _rows(path: Path, size: int) -> Iterator[tuple[int, FaceLandmarks]]:
    """Line number and face of each row.

    Raises
    ------
    ValueError
        A wrong header, a row without a file name and pairs of numbers, or damaged CSV.
    """
    with path.open(newline="", encoding="utf-8-sig") as stream:  # with or without a BOM
        rows = csv.reader(stream)
        try:
            columns = _columns(next(rows, []), path)
            if max(columns) >= size:
                raise ValueError(f"expected {size} landmarks, got x{max(columns)} in {path}")
            for row in rows:
                try:
                    face = FaceLandmarks(row[0], _landmarks(row[1:], columns, size))
                except (ValueError, IndexError) as error:
                    raise _row_error(path, rows.line_num, error) from error
                yield rows.line_num, face
        except csv.Error as error:
            raise ValueError(
                f"expected a CSV table, got {path}, line {rows.line_num}: {error}"
            ) from error


def _row_error(path: Path, line: int, error: Exception) -> ValueError:
    return ValueError(f"expected 'file,x0,y0,...' in line {line} of {path}: {error}")


def read_csv(path: Path, size: int) -> list[LabelledFace]:
    """Read a table with the header ``file,x0,y0,x1,y1,...``, and find its pictures.

    A picture is named by its path relative to the table's folder, or by its file name alone if
    exactly one picture below that folder has this name.

    Parameters
    ----------
    path : Path
    size : int
        Number of landmarks. The numbers in the header say which landmarks the table has. The others
        are NaN, and so are landmarks with an empty cell.

    Raises
    ------
    FileNotFoundError
        The table or one of its pictures is missing.
    ValueError
        A wrong header, a row without a file name and pairs of numbers, a picture outside the
        table's folder, or no rows.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a CSV table of landmarks, found no {path}")
    pictures = _pictures_below(path.parent)
    faces = []
    for line, (name, landmarks, _) in _rows(path, size):
        landmarks[np.isnan(landmarks).any(1)] = np.nan
        try:
            faces.append(LabelledFace(_find_picture(name, path.parent, pictures), landmarks))
        except ValueError as error:
            raise _row_error(path, line, error) from error
    if not faces:
        raise ValueError(f"expected 'file,x0,y0,...' rows, got an empty table {path}")
    return faces


def _pictures_below(folder: Path) -> dict[str, list[Path]]:
    """All pictures in a folder and below, by file name."""
    pictures: dict[str, list[Path]] = {}
    for picture in folder.rglob("*"):
        if picture.suffix.lower() in PICTURES:
            pictures.setdefault(picture.name, []).append(picture)
    return pictures


def _find_picture(name: str, folder: Path, pictures: dict[str, list[Path]]) -> Path:
    """The picture that a table in ``folder`` names; ``pictures`` as from `_pictures_below`."""
    direct = folder / name
    candidates = [direct] if is_file(direct) else pictures.get(Path(name).name, [])
    if len(candidates) != 1:
        raise FileNotFoundError(
            f"expected one picture {name} below {folder}, found {len(candidates)}"
        )
    return check_below(folder, candidates[0])


def read_faces(path: Path, size: int) -> list[FaceLandmarks]:
    """Read the landmarks of a table without looking for its pictures; raises ValueError."""
    return [face for _, face in _rows(path, size)]


def _table_text(size: int, faces: Iterable[tuple[str, FloatArray]], decimals: int) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(_header(size))
    for picture, landmarks in faces:
        cells = ("" if np.isnan(v) else f"{v:.{decimals}f}" for v in landmarks.ravel())
        writer.writerow([picture, *cells])
    return stream.getvalue()


def faces_text(faces: Sequence[FaceLandmarks]) -> str:
    """The contents of a table; NaN becomes an empty cell."""
    rows = ((face.picture, face.landmarks) for face in faces)
    return _table_text(len(faces[0].landmarks), rows, DECIMALS)


def write_csv(
    path: Path,
    size: int,
    pictures: Sequence[Path],
    landmarks: Sequence[FloatArray | None],
) -> None:
    """Write a table that `read_csv` reads. It names pictures relative to its folder.

    Parameters
    ----------
    size : int
        Number of landmarks.
    landmarks : (size, 2) float each, image pixels
        NaN becomes an empty cell. A picture with None gets no row.

    Raises
    ------
    ValueError
        A picture is not in the table's folder or below; then nothing is written.
    OSError
        The table cannot be written.
    """
    folder = path.resolve().parent
    names = [
        check_below(folder, picture).resolve().relative_to(folder).as_posix()
        for picture in pictures
    ]
    rows = [
        (name, points) for name, points in zip(names, landmarks, strict=True) if points is not None
    ]
    write_text(path, _table_text(size, rows, DATASET_DECIMALS))
