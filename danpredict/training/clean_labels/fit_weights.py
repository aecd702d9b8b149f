"""Fit landmarks as weighted means of a few near mesh points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels.mesh_parts import CANDIDATES

# Ten-fold cross-validation on the 142 outlined faces: 1 point gives errors from 1.8 % (eyes) to
# 3.8 % (brows) of the distance between the eyes, 3 points 1.06 to 3.13 %, 6 points 1.04 to 2.55 %,
# 12 points 1.04 to 2.52 %. The fewer points, the nearer they are on the surface.
NEAREST = 6
# Pulls the weights towards the start below. At 1e-4 they lie between -0.6 and 0.9. At 1e-5 they lie
# between -0.8 and 1.1, and the errors are the same within 0.02 %, except for the bridge of the nose
# (1.79 and 1.72 %).
RIDGE = 1e-4
# The weights start from 1 / (distance² + SOFT²), in distances between the eyes.
SOFT = 0.02


def nearest_points(landmark: int, place: FloatArray, mean_mesh: FloatArray) -> NDArray[np.int64]:
    """The mesh points that may carry a landmark: the nearest of its part, seen from the front."""
    allowed = np.array(CANDIDATES.get(landmark, range(468)))  # the irises carry none
    distance = np.linalg.norm(mean_mesh[allowed, :2] - place, axis=1)
    return np.asarray(np.sort(allowed[np.argsort(distance)[:NEAREST]]))


def start_weights(place: FloatArray, points: FloatArray) -> NDArray[np.float64]:
    """Weights (K,) that add up to 1 and are larger for near points (K, 2)."""
    weights = 1 / (((points - place) ** 2).sum(1) + SOFT**2)
    return np.asarray(weights / weights.sum())


def fit_weights(points: FloatArray, targets: FloatArray, start: FloatArray) -> NDArray[np.float64]:
    """Weights (K,) that add up to 1, by ridge regression towards ``start`` (K,).

    Parameters
    ----------
    points : (F, K, 2) float
        Mesh points of F faces, in units of each face.
    targets : (F, 2) float
        The landmark on the same faces.
    """
    # Changes of the weights add up to 0; these columns span them.
    changes = np.linalg.svd(np.ones((1, len(start))))[2][1:].T
    matrix = points.transpose(0, 2, 1).reshape(-1, len(start)) @ changes
    rest = (targets - np.einsum("fkd,k->fd", points, start)).ravel()
    normal = matrix.T @ matrix + RIDGE * len(targets) * np.eye(matrix.shape[1])
    return np.asarray(start + changes @ np.linalg.solve(normal, matrix.T @ rest))
