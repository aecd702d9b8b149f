"""Faces to label: their positions come from five points or from coarse landmarks."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import LabelledFace
from danpredict.files.pictures import check_below
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.convention import convention as named_convention
from danpredict.landmarks.conversion import conversion

# Left and right eye centre (as seen in the picture), nose tip, left and right mouth corner.
FIVE = "arcface5"
FIVE_COLUMNS = [f"{axis}{i}" for i in range(5) for axis in "xy"]
# A face is kept if its new landmarks are near its labels: the mean distance, divided by the
# inter-ocular distance, must be below this limit. Before this test, the median difference of all
# faces is subtracted.
NEARNESS = 0.06
# The same limit for five points from a detector. It was measured on 60 faces of each of seven sets.
# `NEARNESS` keeps 98 % of the faces with points annotated by hand. It keeps only 64 % of the faces
# with points from YuNet, whose error is twice as large (mostly on turned heads). This limit
# keeps 99 % of the faces with points from YuNet.
DETECTOR_NEARNESS = 0.12


@dataclass(frozen=True)
class CoarseFace:
    """A face with points that give its position.

    Attributes
    ----------
    face : LabelledFace
        Gives the picture.
    points : (K, 2) float, image pixels
        At least two different points are not NaN.
    weights : (K, L) float
        Each point is this weighted mean of landmarks; the rows add up to 1.
    nearness : float
        The new landmarks are kept if their mean distance from the points, divided by the
        inter-ocular distance, is below this limit.
    """

    face: LabelledFace
    points: FloatArray
    weights: FloatArray
    nearness: float = NEARNESS

    def __post_init__(self) -> None:
        known = np.isfinite(self.points).all(1)
        if len(np.unique(self.points[known], axis=0)) < 2:
            raise ValueError(
                f"expected at least two different points for {self.face.path}, "
                f"got {self.points[known].tolist()!r:.80}"
            )


def from_landmarks(faces: Sequence[LabelledFace]) -> list[CoarseFace]:
    """Faces whose own labels, coarse or incomplete, give their positions."""
    return [CoarseFace(f, f.landmarks, np.eye(len(f.landmarks))) for f in faces]


def is_five_points(path: Path) -> bool:
    """Whether a file is a table of five points: a ``.csv`` file with a column ``by``."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(newline="", encoding="utf-8-sig") as stream:
        try:
            return "by" in next(csv.reader(stream), [])
        except (csv.Error, UnicodeDecodeError):
            return False  # the reader of tables raises a better error


def read_five_points(path: Path, convention: Convention) -> list[CoarseFace]:
    """Read a table with the columns ``file``, ``by`` and ``x0,y0,...,x4,y4``.

    Other columns are ignored.

    Parameters
    ----------
    path : Path
        Paths of pictures are relative to its folder. Points are 0-based pixels: left and right
        eye centre (as seen in the picture), nose tip, left and right mouth corner. ``by`` is
        ``hand`` or the name of a detector; points by hand must fit more closely.
    convention : Convention
        Of the new landmarks.

    Raises
    ------
    FileNotFoundError
        A picture is missing.
    ValueError
        A column is missing, a row lacks some of the ten finite numbers, or a picture is not in the
        table's folder or below.
    """
    weights = conversion(convention, named_convention(FIVE)).weights
    faces = []
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        missing = {"file", "by", *FIVE_COLUMNS} - set(rows.fieldnames or ())
        if missing:
            raise ValueError(f"expected the columns file,by,x0,y0,...,x4,y4, got no {min(missing)}")
        for row in rows:
            try:
                points = np.array([float(row[name]) for name in FIVE_COLUMNS]).reshape(5, 2)
            except (TypeError, ValueError):
                points = np.full((5, 2), np.nan)
            if not np.isfinite(points).all():
                raise ValueError(
                    f"expected five points x0,y0,...,x4,y4 in line {rows.line_num} of {path}, "
                    "got missing or invalid numbers"
                )
            picture = path.parent / row["file"]
            if not picture.is_file():
                raise FileNotFoundError(
                    f"expected a picture in line {rows.line_num} of {path}, found no {picture}"
                )
            unknown = np.full((convention.size, 2), np.nan)
            nearness = NEARNESS if row["by"] == "hand" else DETECTOR_NEARNESS
            face = LabelledFace(check_below(path.parent, picture), unknown)
            faces.append(CoarseFace(face, points, weights, nearness))
    return faces


def read_coarse(path: Path, convention: Convention) -> list[CoarseFace]:
    """Faces of a five-point table or of a data set; see `danpredict.datasets.dataset`."""
    if is_five_points(path):
        try:
            return read_five_points(path, convention)
        except csv.Error as error:
            raise ValueError(f"expected a CSV table, got {path}: {error}") from error
    return from_landmarks(read_dataset(path, convention.size))
