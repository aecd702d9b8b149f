"""Faces to label: where each one is, from five points or from coarse landmarks."""

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
from danpredict.training.pseudo_labels.one_model import NEARNESS

# Eye centre on the picture's left, on its right, nose tip, mouth corner on the left, on the right.
FIVE = "arcface5"
FIVE_COLUMNS = [f"{axis}{i}" for i in range(5) for axis in "xy"]
# As `NEARNESS`, for five points that a detector found. On 60 faces of each of seven sets,
# `NEARNESS` keeps 98 % of the faces that were marked by hand but 64 % of those marked by YuNet.
# YuNet's points lie twice as far off, farthest on turned heads. This limit keeps 99 % of these.
DETECTOR_NEARNESS = 0.12


@dataclass(frozen=True)
class CoarseFace:
    """A face with points that say where it is.

    Attributes
    ----------
    face : LabelledFace
        For its picture.
    points : (K, 2) float, image pixels
        At least two different ones are not NaN.
    weights : (K, L) float
        Every point is this mean of landmarks; rows add up to 1.
    nearness : float
        The largest mean distance of the points from new landmarks that are trusted, as a fraction
        of the inter-ocular distance.
    """

    face: LabelledFace
    points: FloatArray
    weights: FloatArray
    nearness: float = NEARNESS

    def __post_init__(self) -> None:
        known = np.isfinite(self.points).all(1)
        if len(np.unique(self.points[known], axis=0)) < 2:
            raise ValueError(f"expected two different points or more for {self.face.path}")


def from_landmarks(faces: Sequence[LabelledFace]) -> list[CoarseFace]:
    """Faces whose own labels, coarse or incomplete, say where they are."""
    return [CoarseFace(f, f.landmarks, np.eye(len(f.landmarks))) for f in faces]


def is_five_points(path: Path) -> bool:
    """Whether a file is a table of five points: a ``.csv`` with a column ``by``."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(newline="", encoding="utf-8-sig") as stream:
        try:
            return "by" in next(csv.reader(stream), [])
        except (csv.Error, UnicodeDecodeError):
            return False  # the reader of tables says what is wrong


def read_five_points(path: Path, convention: Convention) -> list[CoarseFace]:
    """Read a table with the columns ``file``, ``by`` and ``x0,y0,...,x4,y4``; others are ignored.

    Parameters
    ----------
    path : Path
        Pictures are named relative to its folder. Points are 0-based pixels: the eyes' centres
        (that on the picture's left first), the nose tip, the mouth corners (left first). Where
        ``by`` is ``hand`` they have to fit more closely than where it names a detector.
    convention : Convention
        Of the landmarks that are wanted.

    Raises
    ------
    FileNotFoundError
        A picture is missing.
    ValueError
        A column is missing, a row holds no five pairs of finite numbers, or a picture does not lie
        in the table's folder or below.
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
                raise ValueError(f"expected five points in line {rows.line_num} of {path}")
            picture = path.parent / row["file"]
            if not picture.is_file():
                raise FileNotFoundError(f"expected a picture, found no such file: {picture}")
            unknown = np.full((convention.size, 2), np.nan)
            nearness = NEARNESS if row["by"] == "hand" else DETECTOR_NEARNESS
            face = LabelledFace(check_below(path.parent, picture), unknown)
            faces.append(CoarseFace(face, points, weights, nearness))
    return faces


def read_coarse(path: Path, convention: Convention) -> list[CoarseFace]:
    """Faces of a five-point table, or of any data set; see `danpredict.datasets.dataset.read_dataset`."""
    if is_five_points(path):
        try:
            return read_five_points(path, convention)
        except csv.Error as error:
            raise ValueError(f"expected a CSV table, got {path}: {error}") from error
    return from_landmarks(read_dataset(path, convention.size))
