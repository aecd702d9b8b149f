"""Faces with landmarks on disk: 300-W folders (``.pts``), CSV tables, imglab XML."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from danpredict.geometry import FloatArray
from danpredict.images import Image

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, inclusive

PICTURES = {".jpg", ".jpeg", ".png", ".bmp"}


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


def read_picture(path: Path, *, upright: bool = False) -> Image:
    """Read a picture as H x W x 3 RGB uint8.

    ``upright`` turns it as its EXIF orientation says. Landmark files mean the pixels as stored.

    Raises
    ------
    FileNotFoundError, ValueError
        The file is missing, or is no picture that OpenCV can read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a picture, found no such file: {path}")
    # Decoded from memory: OpenCV cannot open every file name that Python can.
    data = np.frombuffer(path.read_bytes(), np.uint8)
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(data, flags) if data.size else None
    if image is None:
        raise ValueError(f"expected a picture, got a file that OpenCV cannot decode: {path}")
    return np.ascontiguousarray(image[..., ::-1])


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
        table = json.loads(path.read_text("utf-8"))
        return {
            (path.parent / name).resolve(): None
            if row is None
            else (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
            for name, row in table.items()
        }
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            'expected JSON like {"picture.jpg": [left, top, right, bottom] or null}, '
            f"got {path}: {error}"
        ) from error


def csv_columns(header: Sequence[str], path: Path) -> list[int]:
    """Indices of the landmarks that a header ``file,x17,y17,...`` names."""
    names = [match[1] for name in header[1::2] if (match := re.fullmatch(r"x(\d{1,4})", name))]
    if list(header) != ["file", *(axis + name for name in names for axis in "xy")] or not names:
        raise ValueError(f"expected the header 'file,x0,y0,...' in {path}, got {header[:5]}")
    return [int(name) for name in names]


def read_csv(path: Path, size: int) -> list[LabelledFace]:
    """Read a table with the header ``file,x0,y0,x1,y1,...``, 0-based pixels.

    A picture is named by its path from the table's folder, or by its name alone if it lies
    anywhere below.

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
        No such header, or a row without a file and pairs of numbers.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a CSV table of landmarks, found no {path}")
    pictures: dict[str, list[Path]] = {}
    for picture in path.parent.rglob("*"):
        if picture.suffix.lower() in PICTURES:
            pictures.setdefault(picture.name, []).append(picture)
    faces = []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = csv.reader(stream)
        columns = csv_columns(next(rows, []), path)
        if max(columns) >= size:
            raise ValueError(f"expected {size} landmarks, got x{max(columns)} in {path}")
        for row in rows:
            landmarks = np.full((size, 2), np.nan)
            try:
                values = [float(word) if word else np.nan for word in row[1:]]
                landmarks[columns] = np.array(values).reshape(len(columns), 2)
                landmarks[np.isnan(landmarks).any(1)] = np.nan
                direct = path.parent / row[0]
                found = [direct] if direct.is_file() else pictures.get(Path(row[0]).name, [])
            except (ValueError, IndexError) as error:
                raise ValueError(
                    f"expected 'file,x0,y0,...' in line {rows.line_num} of {path}: {error}"
                ) from error
            if len(found) != 1:
                raise FileNotFoundError(
                    f"expected one picture {row[0]} below {path.parent}, found {len(found)}"
                )
            faces.append(LabelledFace(found[0], landmarks))
    if not faces:
        raise ValueError(f"expected 'file,x0,y0,...' rows, got an empty table {path}")
    return faces


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
