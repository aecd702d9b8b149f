"""Landmarks in files, without their pictures: ``.pts``, ``.csv``, ``.json`` and imglab ``.xml``.

In JSON a picture's name stands before the list of its faces: ``{"a.jpg": [[[x, y], ...], ...]}``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from danpredict.datasets import Rectangle, csv_columns, csv_header, read_pts
from danpredict.geometry import FloatArray
from danpredict.imglab import box_sides, parse, read_parts
from danpredict.output_files import replacing


class Labels(NamedTuple):
    """One face's landmarks, (L, 2) image pixels from 0, NaN where unknown."""

    picture: str
    landmarks: FloatArray
    rectangle: Rectangle | None = None


def _read_pts(path: Path, size: int) -> list[Labels]:
    return [Labels(path.stem, read_pts(path))]


def _read_csv(path: Path, size: int) -> list[Labels]:
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


def _read_json(path: Path, size: int) -> list[Labels]:
    table = json.loads(path.read_text("utf-8-sig"))
    return [
        Labels(picture, np.array(face, float))  # null becomes NaN
        for picture, faces in table.items()
        for face in faces
    ]


def _read_xml(path: Path, size: int) -> list[Labels]:
    return [
        Labels(image.get("file", ""), landmarks, box_sides(box))
        for image in parse(path).iter("image")
        for box in image.iter("box")
        if np.isfinite(landmarks := read_parts(box, size)).any()
    ]


def _to_pts(faces: Sequence[Labels]) -> str:
    if len(faces) != 1 or np.isnan(faces[0].landmarks).any():
        raise ValueError(f"expected one face without gaps for a .pts file, got {len(faces)}")
    rows = "\n".join(f"{x:.4f} {y:.4f}" for x, y in faces[0].landmarks + 1)
    count = len(faces[0].landmarks)
    return f"version: 1\nn_points: {count}\n{{\n{rows}\n}}\n"


def _to_csv(faces: Sequence[Labels]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(csv_header(len(faces[0].landmarks)))
    for face in faces:
        cells = ("" if np.isnan(v) else f"{v:.4f}" for v in face.landmarks.ravel())
        writer.writerow([face.picture, *cells])
    return stream.getvalue()


def _to_json(faces: Sequence[Labels]) -> str:
    table: dict[str, list[list[list[float | None]]]] = {}
    for face in faces:
        points = [[None if np.isnan(v) else round(v, 4) for v in p] for p in face.landmarks]
        table.setdefault(face.picture, []).append(points)
    return json.dumps(table)


def _to_xml(faces: Sequence[Labels]) -> str:
    root = ElementTree.Element("dataset")
    images = ElementTree.SubElement(root, "images")
    by_picture: dict[str, ElementTree.Element] = {}
    for face in faces:
        if face.picture not in by_picture:
            by_picture[face.picture] = ElementTree.SubElement(images, "image", file=face.picture)
        if np.isnan(face.landmarks).all():
            raise ValueError(f"expected a face with landmarks for imglab XML, got {face.picture!r}")
        low, high = np.nanmin(face.landmarks, 0), np.nanmax(face.landmarks, 0)
        left, top, right, bottom = face.rectangle or (*np.floor(low), *np.ceil(high))
        sides = {"top": top, "left": left, "width": right - left + 1, "height": bottom - top + 1}
        box = ElementTree.SubElement(
            by_picture[face.picture], "box", {k: str(round(v)) for k, v in sides.items()}
        )
        for i, (x, y) in enumerate(face.landmarks):
            if np.isfinite(x):  # dlib reads whole pixels
                place = {"name": f"{i:02}", "x": str(round(x)), "y": str(round(y))}
                ElementTree.SubElement(box, "part", place)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text.decode("utf-8")


READERS: dict[str, Callable[[Path, int], list[Labels]]] = {
    ".pts": _read_pts, ".csv": _read_csv, ".json": _read_json, ".xml": _read_xml,
}  # fmt: skip
FORMATS: dict[str, Callable[[Sequence[Labels]], str]] = {
    ".pts": _to_pts, ".csv": _to_csv, ".json": _to_json, ".xml": _to_xml,
}  # fmt: skip
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
    write = FORMATS[check_kind(path)]
    if not faces:
        raise ValueError(f"expected faces for {path}, got none")
    if any(np.isinf(face.landmarks).any() for face in faces):
        raise ValueError(f"expected finite landmarks or NaN for {path}, got infinite ones")
    with replacing(path) as temporary:
        temporary.write_bytes(write(faces).encode("utf-8"))
        _check_read_back(temporary, faces, path)
