"""Learn what the jaw needs from faces with hand-made outlines: edges of the mesh, and offsets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels.adapter import JAW, MeshAdapter
from danpredict.training.clean_labels.head_frame import fit_head_frame
from danpredict.training.clean_labels.head_surface import SURFACE, surface_triangles

# In distances between the eyes, by looking at the mean mesh from the front: the edge of a turned
# head must not be searched among nose, eyes and lips.
MIDDLE, UNDER_LIP = 0.3, 0.05
# Depth, behind the eyes, of the point inside the face from which the outermost points are searched.
CENTRE_DEPTH = 0.2
# Offsets fade out towards the middle of the face: from the border to this share of the way.
FADE = 0.8


def surface_edges(mean: FloatArray, mirror: Sequence[int]) -> NDArray[np.int64]:
    """The edges (E, 2) of a symmetric triangulation of the mean mesh (478, 3)."""
    triangles = surface_triangles(mean)
    edges = np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    both = np.concatenate([edges, np.array(mirror)[edges]])
    return np.asarray(np.unique(np.sort(both, axis=1), axis=0), np.int64)


def jaw_edges(mean: FloatArray, landmarks: FloatArray, mirror: Sequence[int]) -> NDArray[np.int64]:
    """The edges (E, 2) of cheeks, temples, forehead and chin; see `MIDDLE` and `UNDER_LIP`."""
    outside = np.abs(mean[:, 0]) > MIDDLE
    outside |= mean[:, 1] > landmarks[57, 1] + UNDER_LIP
    edges = surface_edges(mean, mirror)
    return np.asarray(edges[outside[edges].all(1)])


def place_in_head(
    meshes: FloatArray, landmarks: FloatArray, mean: FloatArray
) -> NDArray[np.float64]:
    """The landmarks (F, 68, 2) of faces seen from the front, in x and y of the head frame."""
    every = range(len(mean))
    frames = [fit_head_frame(mesh, mean, every) for mesh in meshes]
    placed = []
    for frame, points in zip(frames, landmarks, strict=True):
        # Scale and roll only: the depth of the landmarks is not known.
        turn = frame.rotation[:2, :2]
        left, _, right = np.linalg.svd(turn)
        flat = (points - frame.origin[:2]) @ (left @ right) * frame.scale
        placed.append(flat + frame.head_origin[:2])
    return np.stack(placed)


def jaw_offsets(
    adapter: MeshAdapter, meshes: FloatArray, landmarks: FloatArray, mirror: Sequence[int]
) -> NDArray[np.float64]:
    """Offsets (478, 3), head frame: from the edge of the mesh to the edge of the outlines.

    The distance between both edges, along the normal of the jaw, is averaged over all faces and
    both sides, for each landmark. It is interpolated by the direction from the centre.
    """
    edges = np.stack([adapter.landmarks(mesh)[:JAW] for mesh in meshes])
    edges, truth = (
        place_in_head(meshes, points, adapter.mean_mesh) for points in (edges, landmarks[:, :JAW])
    )
    mean = truth.mean(0)
    tangent = np.gradient(mean, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    gap = ((truth - edges) * normal).sum(-1).mean(0)
    vectors = (gap + gap[::-1])[:, None] / 2 * normal
    vectors = (vectors + vectors[::-1] * [-1, 1]) / 2
    centre = adapter.jaw.centre[:2]
    from_chin = _from_chin(mean - centre)
    points = adapter.mean_mesh[:, :2] - centre
    angle, radius = _from_chin(points), np.linalg.norm(points, axis=1)
    order = np.argsort(from_chin)
    border = np.interp(angle, from_chin[order], np.linalg.norm(mean - centre, axis=1)[order])
    share = np.clip((radius / border - FADE) / (1 - FADE), 0, 1)
    result = np.zeros((len(points), 3))
    for axis in (0, 1):
        result[:, axis] = share * np.interp(angle, from_chin[order], vectors[order, axis])
    result[SURFACE:] = 0
    return (result + result[list(mirror)] * [-1, 1, 1]) / 2


def _from_chin(vectors: FloatArray) -> NDArray[np.float64]:
    """Angles (N,) of vectors (N, 2) from the direction of the chin, positive to the right."""
    return np.asarray(np.arctan2(vectors[:, 0], vectors[:, 1]), np.float64)
