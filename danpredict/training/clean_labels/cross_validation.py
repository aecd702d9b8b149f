"""Errors of the adapter on outlined faces that it was not learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import convention
from danpredict.landmarks.conversion import convert
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.training.clean_labels.adapter import JAW
from danpredict.training.clean_labels.fit_adapter import learn

FOLDS = 10
PARTS = {
    "jaw": range(17),
    "brows": range(17, 27),
    "bridge of the nose": range(27, 31),
    "lower nose": range(31, 36),
    "eyes": range(36, 48),
    "outer lips": range(48, 60),
    "inner lips": range(60, 68),
}


def held_out(meshes: FloatArray, landmarks: FloatArray) -> NDArray[np.float64]:
    """Landmarks (F, 68, 2) of each face, from the adapter of the other folds' faces."""
    result = np.empty(landmarks.shape)
    fold = np.arange(len(meshes)) % FOLDS
    for number in range(FOLDS):
        adapter = learn(meshes[fold != number], landmarks[fold != number])
        for face in np.flatnonzero(fold == number):
            result[face] = adapter.landmarks(meshes[face])
    return result


def edge_distance(points: FloatArray, edge: FloatArray) -> NDArray[np.float64]:
    """Distances (M,) of points (M, 2) from a polyline (N, 2)."""
    start, step = edge[:-1], np.diff(edge, axis=0)
    offset = points[:, None] - start
    share = np.clip((offset * step).sum(-1) / (step**2).sum(-1), 0, 1)
    return np.asarray(np.linalg.norm(offset - share[..., None] * step, axis=-1).min(1))


def error_lines(meshes: FloatArray, landmarks: FloatArray) -> list[str]:
    """A table of mean errors, percent of the distance between the outer eye corners.

    It compares the published indices, which are means of mesh points, with this adapter. For the
    jaw it also gives the distance from the edge, since places along the edge are not well defined.
    """
    known = np.asarray(np.isfinite(landmarks).all((0, 2)))
    scale = inter_ocular(landmarks, convention("ibug68")) / 100
    ours = held_out(meshes, landmarks)
    published = convert(meshes[..., :2], "mediapipe478", "ibug68")
    lines = [f"{'':20} published  adapter ({FOLDS} folds, {len(meshes)} faces)"]
    for part, numbers in PARTS.items():
        used = [i for i in numbers if known[i]]
        means = [
            (np.linalg.norm(found - landmarks, axis=-1)[:, used] / scale[:, None]).mean()
            for found in (published, ours)
        ]
        lines.append(f"{part:20} {means[0]:9.2f}  {means[1]:7.2f}")
    edges = [
        np.mean([edge_distance(f[:JAW], t[:JAW]).mean() / s for f, t, s in faces])
        for faces in (zip(found, landmarks, scale, strict=True) for found in (published, ours))
    ]
    lines.append(f"{'jaw, from the edge':20} {edges[0]:9.2f}  {edges[1]:7.2f}")
    return lines
