"""iBUG ``.pts`` files: the landmarks of one face."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from danpredict.datasets.face import Labels
from danpredict.geometry.similarity import FloatArray


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


def read_pts_landmarks(path: Path, size: int) -> list[Labels]:
    return [Labels(path.stem, read_pts(path))]


def pts_text(faces: Sequence[Labels]) -> str:
    if len(faces) != 1 or np.isnan(faces[0].landmarks).any():
        raise ValueError(f"expected one face without gaps for a .pts file, got {len(faces)}")
    rows = "\n".join(f"{x:.4f} {y:.4f}" for x, y in faces[0].landmarks + 1)
    count = len(faces[0].landmarks)
    return f"version: 1\nn_points: {count}\n{{\n{rows}\n}}\n"
