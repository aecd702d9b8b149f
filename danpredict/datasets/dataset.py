"""Faces with landmarks on disk: 300-W folders (``.pts``), CSV tables, imglab XML."""

from __future__ import annotations

from pathlib import Path

from danpredict.datasets.boxes_file import read_rectangles
from danpredict.datasets.csv_table import read_csv
from danpredict.datasets.face import LabelledFace
from danpredict.datasets.pts import read_pts
from danpredict.files.pictures import PICTURES


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
        from danpredict.datasets.imglab import read_imglab

        return read_imglab(path, size)
    faces = read_folder(path, rectangles)
    for face in faces:
        if len(face.landmarks) != size:
            raise ValueError(
                f"expected {size} landmarks, got {len(face.landmarks)} for {face.path}"
            )
    return faces
