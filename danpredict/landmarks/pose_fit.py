"""Fit the rotation of a rigid 3-D shape to 2-D landmarks, by weighted least squares.

Camera axes: x right in the image, y down, z away from the camera (a right-handed system, as in
OpenCV). The axes of the shape are those of the camera if the face looks straight into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import COINCIDENT, FloatArray

Array = NDArray[np.float64]
TOLERANCE = 1e-12  # of the solver, relative
# ``Rz Rx Ry``. These angles are singular only if the face looks straight up or down, and not if it
# is seen from the side.
ORDER = "ZXY"
Projection = Callable[[Array], tuple[Array, Array]]


class PoseFit(NamedTuple):
    """The result of `fit_pose`.

    Attributes
    ----------
    angles : (3,) float
        Rotations about z, x and y of the camera, radians: ``Rz Rx Ry`` maps shape to camera.
    projected : (L, 2) float
        The shape in the image, pixels.
    jacobian : (L, 2, 6) float
        Derivatives of ``projected`` by the three angles and three other parameters.
    parameters : (6,) float
        The angles and, for a scaled orthographic projection, the logarithm of the scale and the
        place (2,) of the origin in the image; with a camera, the place (3,) of the origin.
    """

    angles: Array
    projected: Array
    jacobian: Array
    parameters: Array


def rotation_matrix(angles: FloatArray) -> Array:
    """``Rz Rx Ry`` (3, 3) of rotations (3,) about z, x and y, radians."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_euler(ORDER, angles).as_matrix(), np.float64)


def rotation_angles(matrix: FloatArray) -> Array:
    """The rotations (3,) about z, x and y of a rotation matrix, radians; see `rotation_matrix`."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_matrix(matrix).as_euler(ORDER), np.float64)


def _turned(angles: Array, shape: FloatArray) -> tuple[Array, Array]:
    """The shape (L, 3) in camera axes, and its derivatives (L, 3, 3) by the angles (last axis)."""
    rotation = rotation_matrix(angles)
    turned = shape @ rotation.T
    axes = np.array([[0, 0, 1], [np.cos(angles[0]), np.sin(angles[0]), 0], rotation[:, 1]])
    return turned, np.cross(axes, turned[:, None]).transpose(0, 2, 1)


def _orthographic(shape: FloatArray) -> Projection:
    def project(parameters: Array) -> tuple[Array, Array]:
        scale = np.exp(parameters[3])
        turned, derivatives = _turned(parameters[:3], shape)
        jacobian = np.zeros((len(shape), 2, 6))
        jacobian[..., :3] = scale * derivatives[:, :2]
        jacobian[..., 3] = scale * turned[:, :2]
        jacobian[:, [0, 1], [4, 5]] = 1
        return scale * turned[:, :2] + parameters[4:], jacobian

    return project


def _perspective(shape: FloatArray, camera: FloatArray) -> Projection:
    def project(parameters: Array) -> tuple[Array, Array]:
        turned, derivatives = _turned(parameters[:3], shape)
        points = (turned + parameters[3:]) @ camera.T
        depth = points[:, 2:]
        projected = points[:, :2] / depth
        by_place = (camera[:2] - projected[..., None] * camera[2]) / depth[..., None]
        return projected, np.concatenate([by_place @ derivatives, by_place], axis=2)

    return project


def _orthographic_start(landmarks: FloatArray, shape: FloatArray, weights: FloatArray) -> Array:
    """First parameters: the affine least-squares fit, then the nearest rotation and scale."""
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([shape, np.ones(len(shape))])
    affine = np.linalg.lstsq(design * root, landmarks * root, rcond=None)[0].T  # (2, 4)
    left, singular, right = np.linalg.svd(affine[:, :3], full_matrices=False)
    rows = left @ right
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    return np.array([*rotation_angles(rotation), np.log(singular.mean()), *affine[:, 3]])


def _perspective_start(landmarks: FloatArray, shape: FloatArray, camera: FloatArray) -> Array:
    """First parameters: OpenCV's solution of the perspective-n-point problem."""
    model, points = np.array(shape, np.float64), np.array(landmarks, np.float64)
    found, vector, place = cv2.solvePnP(model, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    if not found:
        raise ValueError("expected landmarks of a face in front of the camera, found no pose")
    rotation = np.asarray(cv2.Rodrigues(vector)[0], np.float64)
    return np.array([*rotation_angles(rotation), *np.ravel(place)])


def fit_pose(
    landmarks: FloatArray,
    shape: FloatArray,
    weights: FloatArray,
    camera: FloatArray | None = None,
) -> PoseFit:
    """Rotation of a shape that projects onto landmarks, by weighted least squares.

    Parameters
    ----------
    landmarks : (L, 2) float, image pixels
    shape : (L, 3) float
        In any unit; axes as the camera's if the face looks into it.
    weights : (L,) float
        Of the squared distances.
    camera : (3, 3) float, optional
        Intrinsic matrix, for a perspective projection. The default is a scaled orthographic one.

    Raises
    ------
    ValueError
        All landmarks are in one place, or no pose in front of the camera fits.
    """
    from scipy.optimize import least_squares

    if np.var(landmarks, axis=0).sum() <= COINCIDENT:
        raise ValueError("expected landmarks in different places, got all in one place")
    if camera is None:
        start, project = _orthographic_start(landmarks, shape, weights), _orthographic(shape)
    else:
        start = _perspective_start(landmarks, shape, camera)
        project = _perspective(shape, camera)
    root = np.sqrt(weights)[:, None]
    result = least_squares(
        lambda p: ((project(p)[0] - landmarks) * root).ravel(),
        start,
        lambda p: (project(p)[1] * root[..., None]).reshape(-1, 6),
        method="lm",
        x_scale="jac",
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
    )
    # The solver may leave the usual ranges of the angles.
    angles = rotation_angles(rotation_matrix(result.x[:3]))
    parameters = np.array([*angles, *result.x[3:]])
    return PoseFit(angles, *project(parameters), parameters)
