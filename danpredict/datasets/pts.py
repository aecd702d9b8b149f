"""iBUG ``.pts`` files: the landmarks of one face, without the name of its picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets.face import FaceLandmarks
from danpredict.geometry.similarity import FloatArray


def read_pts(path: Path) -> FloatArray:
    """Read an iBUG ``.pts`` file. Its coordinates count from 1; the result counts from 0.

    Returns
    -------
    (L, 2) float64, image pixels

    Raises
    ------
    ValueError
        The file lacks ``n_points: N`` and N pairs of finite numbers between braces.
    """
    text = path.read_text("utf-8", errors="replace")
    match = re.search(r"n_points\s*:\s*(\d+)\s*\{([^}]*)\}", text)
    try:
        if match is None:
            raise ValueError("no 'n_points: N { ... }'")
        landmarks = np.array([float(word) for word in match[2].split()]).reshape(-1, 2)
        if not np.isfinite(landmarks).all():
            raise ValueError("a coordinate that is not finite")
        if len(landmarks) != int(match[1]):
            raise ValueError(f"n_points is {match[1]}, but there are {len(landmarks)} points")
    except ValueError as error:
        raise ValueError(f"expected an iBUG .pts file, got {path}: {error}") from error
    return landmarks - 1


def read_faces(path: Path, size: int) -> list[FaceLandmarks]:
    """Read the one face of a ``.pts`` file; raises as `read_pts`.

    The picture's name is the file's name without suffix. The number of landmarks is that of the
    file, which may differ from ``size``.
    """
    return [FaceLandmarks(path.stem, read_pts(path))]


def faces_text(faces: Sequence[FaceLandmarks]) -> str:
    """The contents of a ``.pts`` file.

    Raises
    ------
    ValueError
        There is not exactly one face, or a landmark is NaN. The format can store neither.
    """
    if len(faces) != 1:
        raise ValueError(f"expected one face for a .pts file, got {len(faces)}")
    if np.isnan(faces[0].landmarks).any():
        raise ValueError("expected a face with all its landmarks for a .pts file, got NaN")
    rows = "\n".join(f"{x:.4f} {y:.4f}" for x, y in faces[0].landmarks + 1)
    count = len(faces[0].landmarks)
    return f"version: 1\nn_points: {count}\n{{\n{rows}\n}}\n"
