"""The surface of MediaPipe's mesh: its triangles, and rings around it for the rest of the head."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, Delaunay

from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels import mesh_parts

SURFACE = 468  # mesh points on the face; the others are the irises
# Depth, behind the eyes, of the axis around which the mesh is unrolled to find its triangles. In
# distances between the eyes, by looking at the mean mesh, as are the rings.
AXIS_DEPTH = 1.3
# Rings around the border of the mesh, for hair, ears and neck: distance outwards and backwards.
RINGS = ((0.35, 0.1), (0.8, 0.6))
STILL_RADIUS, STILL_DEPTH = 3.2, 4.0  # of the ring behind the head, which does not move with it


def unrolled(mean: FloatArray) -> NDArray[np.float64]:
    """The surface of a mesh (478, 3), unrolled around a vertical axis: (468, 2)."""
    points = mean[:SURFACE]
    axis = points[list(mesh_parts.EYE_CORNERS), 2].mean() + AXIS_DEPTH
    return np.column_stack([np.arctan2(points[:, 0], axis - points[:, 2]), points[:, 1]])


def surface_triangles(mean: FloatArray) -> NDArray[np.int64]:
    """The triangles (T, 3) of the mean mesh (478, 3), head frame."""
    return np.asarray(Delaunay(unrolled(mean)).simplices, np.int64)


@dataclass(frozen=True)
class HeadSurface:
    """A face and the rings around it, as one sheet without holes.

    Attributes
    ----------
    border : (B,) int
        The mesh points on the border of the face, in their order around it.
    triangles : (T, 3) int
        Of the points that `extend` returns.
    """

    border: NDArray[np.int64]
    triangles: NDArray[np.int64]

    @classmethod
    def of(cls, mean: FloatArray) -> HeadSurface:
        """The surface of a mean mesh (478, 3), head frame."""
        border = np.asarray(ConvexHull(unrolled(mean)).vertices, np.int64)
        count = len(border)
        rings = [border, *(SURFACE + np.arange(count) + k * count for k in range(len(RINGS) + 1))]
        parts = [surface_triangles(mean)]
        for inner, outer in pairwise(rings):
            next_inner, next_outer = np.roll(inner, -1), np.roll(outer, -1)
            parts += [
                np.stack([inner, outer, next_inner], 1),
                np.stack([next_inner, outer, next_outer], 1),
            ]
        return cls(border, np.concatenate(parts))

    def extend(self, points: FloatArray) -> NDArray[np.float64]:
        """The surface of a mesh (478, 3) with its rings, head frame.

        Returns
        -------
        (468 + R * B, 3) float
            The last B points are the ring that does not move with the head.
        """
        border = points[self.border]
        outwards = (border - border.mean(0)) * [1, 1, 0]
        outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
        rings = [border + out * outwards + [0, 0, back] for out, back in RINGS]
        still = border.mean(0) + STILL_RADIUS * outwards + [0, 0, STILL_DEPTH]
        return np.concatenate([points[:SURFACE], *rings, still])
