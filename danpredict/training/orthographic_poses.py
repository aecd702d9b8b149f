"""Poses of many views of one rigid shape under scaled orthography, by Gauss-Newton steps.

The same least-squares problem as in `danpredict.landmarks.pose_fit`, for all views at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from danpredict.geometry.similarity import FloatArray

STEPS = 8  # the angles change by less than 1e-6 in the last one
LONGEST_STEP = 0.3  # radians, and of the logarithm of the scale
DAMPING = 1e-9  # of the mean curvature, so that degenerate views have a solution
Array = NDArray[np.float64]


def _start(views: FloatArray, shape: FloatArray, weights: FloatArray) -> tuple[Array, Array, Array]:
    """Affine least-squares fits, then the nearest rotations (N, 3, 3), scales and shifts."""
    design = np.column_stack([shape, np.ones(len(shape))])
    left = np.einsum("nl,li,lj->nij", weights, design, design)
    right = np.einsum("nl,li,nlk->nik", weights, design, views)
    affine = np.linalg.solve(left, right).transpose(0, 2, 1)
    u, singular, v = np.linalg.svd(affine[:, :, :3], full_matrices=False)
    rows = u @ v
    third = np.cross(rows[:, 0], rows[:, 1])[:, None]
    return np.concatenate([rows, third], 1), singular.mean(1), affine[:, :, 3]


def orthographic_poses(
    views: FloatArray, shape: FloatArray, weights: FloatArray
) -> tuple[Array, Array, Array]:
    """Rotations (N, 3, 3), scales (N,) and shifts (N, 2) of (N, L, 2) views.

    Parameters
    ----------
    views : (N, L, 2) float, image pixels
    shape : (L, 3) float
    weights : (N, L) float
        Of the squared distances.
    """
    rotation, scale, shift = _start(views, shape, weights)
    for _ in range(STEPS):
        turned = np.einsum("nij,lj->nli", rotation, shape)
        placed = scale[:, None, None] * turned
        residuals = views - placed[..., :2] - shift[:, None]
        jacobian = np.zeros((*views.shape, 6))
        jacobian[:, :, 0, 1], jacobian[:, :, 0, 2] = placed[..., 2], -placed[..., 1]
        jacobian[:, :, 1, 0], jacobian[:, :, 1, 2] = -placed[..., 2], placed[..., 0]
        jacobian[..., 3] = placed[..., :2]
        jacobian[:, :, [0, 1], [4, 5]] = 1
        weighted = jacobian * weights[:, :, None, None]
        curvature = np.einsum("nlki,nlkj->nij", weighted, jacobian)
        damping = DAMPING * np.trace(curvature, axis1=1, axis2=2)[:, None, None] * np.eye(6)
        gradient = np.einsum("nlki,nlk->ni", weighted, residuals)
        step = np.linalg.solve(curvature + damping, gradient[..., None])[..., 0]
        step[:, :4] = np.clip(step[:, :4], -LONGEST_STEP, LONGEST_STEP)
        rotation = Rotation.from_rotvec(step[:, :3]).as_matrix() @ rotation
        scale, shift = scale * np.exp(step[:, 3]), shift + step[:, 4:]
    return rotation, scale, shift
