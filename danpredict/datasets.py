"""Faces with landmarks on disk: 300-W folders (``.pts``), CSV tables, imglab XML."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.geometry import FloatArray
from danpredict.images import Image
from danpredict.output_files import write_text
from danpredict.picture_files import PICTURES, check_below, is_file, read_picture

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, inclusive


@dataclass(frozen=True)
class LabelledFace:
    """One annotated face. Landmarks are (L, 2) in image pixels, the top-left centre is (0, 0).

    Landmarks that are not labelled are NaN, x and y.
    ``rectangle`` is a detector's (left, top, right, bottom), inclusive; None where there is none.
    ``image`` is for pictures that lie on no disk.
    """

    path: Path
    landmarks: FloatArray
    rectangle: Rectangle | None = None
    image: Image | None = None

    def picture(self) -> Image:
        """H x W gray or H x W x 3 RGB uint8; see `read_picture`."""
        return read_picture(self.path) if self.image is None else self.image

    @property
    def photo(self) -> str:
        """The same for faces cut from one photo: 300-W numbers these ``_1``, ``_2``, ..."""
        return f"{self.path.parent.name}/{re.sub(r'_[0-9]$', '', self.path.stem)}"


def read_pts(path: Path) -> FloatArray:
    """Read an iBUG ``.pts`` file; its 1-based coordinates become 0-based.

    Returns
    -------
    (L, 2) float64, image pixels

    Raises
    ------
    ValueError
        Not ``n_points`` pairs of finite numbers between braces.
    """
    text = path.read_text("utf-8", errors="replace")
    match = re.search(r"n_points\s*:\s*(\d+)\s*\{([^}]*)\}", text)
    try:
        if match is None:
            raise ValueError("no 'n_points: N { ... }'")
        points = np.array([float(word) for word in match[2].split()]).reshape(-1, 2)
        if len(points) != int(match[1]) or not np.isfinite(points).all():
            raise ValueError(f"{len(points)} points, n_points says {match[1]}")
    except ValueError as error:
        raise ValueError(f"expected an iBUG .pts file, got {path}: {error}") from error
    return points - 1


def read_folder(folder: Path, rectangles: Path | None = None) -> list[LabelledFace]:
    """Every picture with a ``.pts`` file of the same name, in the folder and below, sorted.

    Parameters
    ----------
    folder : Path
    rectangles : Path, optional
        JSON object from picture, as a path relative to the JSON file, to
        ``[left, top, right, bottom]`` or null.

    Raises
    ------
    FileNotFoundError
        No such folder, or no annotated picture in it.
    ValueError
        A damaged ``.pts`` or JSON file.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures with .pts files, got {folder}")
    boxes = {} if rectangles is None else read_rectangles(rectangles)
    faces = []
    for path in sorted(folder.rglob("*")):
        points = path.with_suffix(".pts")
        if path.suffix.lower() in PICTURES and points.is_file():
            faces.append(LabelledFace(path, read_pts(points), boxes.get(path.resolve())))
    if not faces:
        raise FileNotFoundError(f"expected pictures with .pts files, found none in {folder}")
    return faces


def read_rectangles(path: Path) -> dict[Path, Rectangle | None]:
    """Read detector rectangles; keys become absolute paths."""
    if not path.is_file():
        raise FileNotFoundError(f"expected a JSON file of rectangles, found no {path}")
    try:
        table = json.loads(path.read_text("utf-8-sig"))
        return {(path.parent / name).resolve(): _rectangle(row) for name, row in table.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(
            'expected JSON like {"picture.jpg": [left, top, right, bottom] or null}, '
            f"got {path}: {error}"
        ) from error


def _rectangle(row: Any) -> Rectangle | None:
    if row is None:
        return None
    if not isinstance(row, list) or len(row) != 4:
        raise ValueError(f"a rectangle {row!r:.80}")
    left, top, right, bottom = map(float, row)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(f"a rectangle that is not finite: {row}")
    return left, top, right, bottom


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


def read_dataset(path: Path, size: int, rectangles: Path | None = None) -> list[LabelledFace]:
    """A 300-W folder, a ``.csv`` table or an imglab ``.xml`` file, by what the path is.

    Parameters
    ----------
    size : int
        Number of landmarks; ``.pts`` files have to have all of them.
    rectangles : Path, optional
        For folders; see `read_folder`.
    """
    if path.suffix.lower() == ".csv":
        return read_csv(path, size)
    if path.suffix.lower() == ".xml":
        from danpredict.imglab import read_imglab

        return read_imglab(path, size)
    faces = read_folder(path, rectangles)
    for face in faces:
        if len(face.landmarks) != size:
            raise ValueError(
                f"expected {size} landmarks, got {len(face.landmarks)} for {face.path}"
            )
    return faces
