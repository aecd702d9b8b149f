"""Fit the rotation of a rigid 3-D shape to 2-D landmarks, by least squares.

Camera axes: x right in the image, y down, z away from the camera (a right-handed system, as in
OpenCV). The axes of the shape are those of the camera if the face looks straight into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray

Array = NDArray[np.float64]
TOLERANCE = 1e-12  # of the solver, relative
# Intrinsic rotations about z, x and y. Angles are singular only where the face looks straight up
# or down, and never for faces seen from the side.
ORDER = "ZXY"
ANGLES = 3  # the first parameters: rotations about z, x and y, radians


class PoseFit(NamedTuple):
    """The result of `fit_pose`.

    Attributes
    ----------
    angles : (3,) float
        Rotations about z, x and y of the camera, radians: ``Rz Rx Ry`` maps shape to camera.
    scale : float
        Image pixels per unit of the shape; with a camera: 1 over the depth of the origin.
    shift : (2,) float
        Where the origin of the shape lies in the image, pixels.
    jacobian : (2 L, 6) float
        Derivatives of the projected landmarks (x0, y0, x1, ...) by the angles and three others.
    """

    angles: Array
    scale: float
    shift: Array
    jacobian: Array


def rotation_matrix(angles: FloatArray) -> Array:
    """``Rz Rx Ry`` (3, 3) of rotations (3,) about z, x and y, radians."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_euler(ORDER, angles).as_matrix(), np.float64)


def rotation_angles(matrix: FloatArray) -> Array:
    """The rotations (3,) about z, x and y of a rotation matrix, radians; see `rotation_matrix`."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_matrix(matrix).as_euler(ORDER), np.float64)


def orthographic_start(landmarks: FloatArray, shape: FloatArray, weights: FloatArray) -> Array:
    """First parameters of a scaled orthographic projection: angles, log scale and shift.

    The affine least-squares fit, then the nearest rotation and scale.
    """
    root = np.sqrt(weights)[:, None]
    design = np.column_stack([shape, np.ones(len(shape))])
    affine = np.linalg.lstsq(design * root, landmarks * root, rcond=None)[0].T  # (2, 4)
    left, singular, right = np.linalg.svd(affine[:, :3], full_matrices=False)
    rows = left @ right
    rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
    scale = singular.mean()
    return np.array([*rotation_angles(rotation), np.log(scale), *affine[:, 3]])


def _orthographic(shape: FloatArray) -> Callable[[Array], Array]:
    def project(parameters: Array) -> Array:
        turned = shape @ rotation_matrix(parameters[:3]).T
        return np.asarray(np.exp(parameters[3]) * turned[:, :2] + parameters[4:])

    return project


def _perspective(shape: FloatArray, camera: FloatArray) -> Callable[[Array], Array]:
    def project(parameters: Array) -> Array:
        turned = shape @ rotation_matrix(parameters[:3]).T + parameters[3:]
        points = turned @ camera.T
        return np.asarray(points[:, :2] / points[:, 2:])

    return project


def _perspective_start(landmarks: FloatArray, shape: FloatArray, camera: FloatArray) -> Array:
    """First parameters of a perspective projection: angles and the place of the origin."""
    points = np.ascontiguousarray(landmarks, np.float64)
    model = np.ascontiguousarray(shape, np.float64)
    found, vector, place = cv2.solvePnP(
        model, points, np.asarray(camera, np.float64), None, flags=cv2.SOLVEPNP_SQPNP
    )
    if not found:
        raise ValueError("expected landmarks of a face in front of the camera, found no pose")
    return np.array([*rotation_angles(cv2.Rodrigues(vector)[0]), *place[:, 0]])


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
    """
    from scipy.optimize import least_squares

    if camera is None:
        start, project = orthographic_start(landmarks, shape, weights), _orthographic(shape)
    else:
        start = _perspective_start(landmarks, shape, camera)
        project = _perspective(shape, camera)
    root = np.sqrt(weights)[:, None]

    def residuals(parameters: Array) -> Array:
        return np.asarray(((project(parameters) - landmarks) * root).ravel())

    result = least_squares(
        residuals, start, method="lm", x_scale="jac",
        ftol=TOLERANCE, xtol=TOLERANCE, gtol=TOLERANCE,
    )  # fmt: skip
    angles = rotation_angles(rotation_matrix(result.x[:3]))
    jacobian = result.jac / np.repeat(np.sqrt(weights), 2)[:, None]
    if camera is None:
        return PoseFit(angles, float(np.exp(result.x[3])), result.x[4:], jacobian)
    x, y, depth = camera @ result.x[3:]
    return PoseFit(angles, float(1 / depth), np.array([x, y]) / depth, jacobian)
