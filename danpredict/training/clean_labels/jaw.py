"""The jaw of ``ibug68``: the visible edge of a mesh, from the height of the eyes to the chin.

Landmarks 0 to 16 lie on the visible edge of the face. On the near side of a turned head that is the
border of the mesh, on the far side it is the outline of the cheek. Both are the outermost points of
the projected mesh, as seen from a point inside the face. Zhu et al., "High-Fidelity Pose and
Expression Normalization", CVPR 2015, section 3.1, let the landmarks march to that outline too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels.curves import at_fractions, below
from danpredict.training.clean_labels.head_frame import HeadFrame
from danpredict.training.clean_labels.outline189 import JAW_SIDE

DIRECTIONS = 720  # half a degree each: 1 % of the distance between the eyes on the edge


@dataclass(frozen=True)
class JawModel:
    """What the jaw needs beside a mesh.

    Attributes
    ----------
    edges : (E, 2) int
        Pairs of mesh points: the edges of cheeks, temples, chin and forehead, without nose, eyes
        and lips.
    centre : (3,) float, head frame
        The point inside the face from which the outermost points are searched.
    top : float, head frame
        Height (y) at which the jaw starts and ends.
    chin : int
        The mesh point at the chin.
    offsets : (N, 3) float, head frame
        Added to the mesh points before they are projected: the border of MediaPipe's mesh lies
        inside the hand-made outlines near the chin.
    """

    edges: NDArray[np.int64]
    centre: NDArray[np.float64]
    top: float
    chin: int
    offsets: NDArray[np.float64]


def outermost(
    points: FloatArray, heights: FloatArray, centre: FloatArray, edges: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The outermost point of all edges in each of `DIRECTIONS` directions from the centre.

    Parameters
    ----------
    points : (N, 2) float, image pixels
    heights : (N,) float
        Interpolated along the edges.
    centre : (2,) float, image pixels
    edges : (E, 2) int

    Returns
    -------
    (DIRECTIONS, 2) float, image pixels
        In the order of growing angle ``arctan2(y, x)``, from -pi; NaN in directions without edge.
    (DIRECTIONS,) float
        Heights at these points.
    """
    angle = np.linspace(-np.pi, np.pi, DIRECTIONS, endpoint=False)
    along = np.stack([np.cos(angle), np.sin(angle)])
    across = np.stack([-along[1], along[0]])
    first, second = (points[edges[:, k]] - centre for k in (0, 1))
    side_first, side_second = first @ across, second @ across  # (E, DIRECTIONS)
    crosses = side_first * side_second <= 0
    gap = np.where(crosses & (side_first != side_second), side_first - side_second, 1.0)
    share = side_first / gap
    radius = (first @ along) * (1 - share) + (second @ along) * share
    radius = np.where(crosses & (radius > 0), radius, -np.inf)
    best, column = radius.argmax(0), np.arange(len(angle))
    radius, share = radius[best, column], share[best, column]
    radius = np.where(np.isfinite(radius), radius, np.nan)
    h = heights[edges[best]]
    return centre + (radius * along).T, h[:, 0] * (1 - share) + h[:, 1] * share


def jaw(mesh: FloatArray, frame: HeadFrame, model: JawModel) -> NDArray[np.float64]:
    """The jaw (17, 2), image pixels, of a mesh (N, 3).

    On each side, eight steps of equal arc length lead from the height of the eyes to the chin.

    Raises
    ------
    ValueError
        The edge of the mesh does not lead from the height of the eyes to the chin.
    """
    moved = frame.to_image(frame.to_head(mesh) + model.offsets)
    heights = frame.to_head(moved)[:, 1] - model.top
    centre = frame.to_image(model.centre)[:2]
    edge, height = outermost(moved[:, :2], heights, centre, model.edges)
    towards_chin = moved[model.chin, :2] - centre
    start = np.arctan2(towards_chin[1], towards_chin[0])
    step = round((start + np.pi) / (2 * np.pi) * DIRECTIONS)
    # From the chin in both directions, three quarters of a circle at most: on turned heads one way
    # is longer than the other. With y down, growing angles lead to the picture's left.
    turn = np.arange(DIRECTIONS * 3 // 4)
    sides = []
    for sign in (1, -1):
        way = (step + sign * turn) % DIRECTIONS
        above = np.flatnonzero(~(height[way] > 0))
        if not len(above) or above[0] == 0:
            raise ValueError("expected an edge from the chin to the eyes, got another mesh")
        way = way[: above[0] + 1]
        if not np.isfinite(edge[way]).all():
            raise ValueError("expected a closed edge from the chin to the eyes, got gaps")
        sides.append(at_fractions(below(edge[way], height[way])[::-1], JAW_SIDE))
    return np.concatenate([sides[0], sides[1][-2::-1]])
