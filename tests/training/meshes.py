"""Made-up meshes: the mean mesh of the adapter, posed and deformed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.landmarks.convention import convention
from danpredict.training.clean_labels.adapter import MeshAdapter

ADAPTER = MeshAdapter.read()
MIRROR = list(convention("mediapipe478").mirror or ())
MIRROR68 = list(convention("ibug68").mirror or ())
EYES = 60.0  # pixels between the outer eye corners


def rotation(yaw: float = 0, pitch: float = 0, roll: float = 0) -> NDArray[np.float64]:
    """Image axes by head axes: first pitch, then yaw, then roll; degrees."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def posed(
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    middle: tuple[float, float] = (150, 150),
    mesh: NDArray[np.float64] = ADAPTER.mean_mesh,
) -> NDArray[np.float64]:
    """A mesh (478, 3) of the head frame in image pixels."""
    turned = EYES * mesh @ rotation(yaw, pitch, roll).T
    return np.asarray(turned + np.array([*middle, 0.0]))


def mirrored(mesh: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mesh in a mirrored picture of 301 pixels."""
    return np.asarray(mesh[MIRROR] * (-1, 1, 1) + (300, 0, 0))
