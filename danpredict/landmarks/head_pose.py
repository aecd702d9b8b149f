"""Head pose: yaw, pitch and roll of 68 landmarks of iBUG, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.pose_fit import fit_pose, rotation_matrix
from danpredict.landmarks.shape3d import mean_shape_3d
from danpredict.landmarks.usable import axis_deviation, usable_landmarks

# The person's angles (yaw, pitch, roll) are these multiples of the rotations about z, x, y.
ROTATION_OF_ANGLE, SIGN = (2, 1, 0), np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class HeadPose:
    """Rotation of a head, degrees. All angles are 0 for a face that looks into the camera.

    The rotation from head to camera is ``Rz(roll) Rx(-pitch) Ry(yaw)``, with the camera's axes: x
    to the right in the image, y down, z away from the camera.

    Attributes
    ----------
    yaw : float
        From -180 to 180. Positive if the head turns to the person's right: the nose points to the
        left of the image.
    pitch : float
        From -90 to 90. Positive if the face looks up.
    roll : float
        From -180 to 180. Positive if the head is rotated clockwise in the image: upright is 0, and
        a face that lies with its forehead to the right of the image has 90.
    std : (float, float, float) or None
        Standard deviations of yaw, pitch and roll; None if the landmarks have no sigma.
    """

    yaw: float
    pitch: float
    roll: float
    std: tuple[float, float, float] | None = None

    @property
    def rotation(self) -> NDArray[np.float64]:
        """The rotation matrix (3, 3) from the head's axes to the camera's."""
        return rotation_matrix(np.radians([self.roll, -self.pitch, self.yaw]))


def _checked_camera(camera: Any) -> NDArray[np.float64]:
    """The intrinsic matrix (3, 3); ValueError for anything else."""
    try:
        matrix = np.array(camera, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected a camera matrix (3, 3), got {camera!r:.80}") from error
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise ValueError(f"expected a finite camera matrix (3, 3), got {camera!r:.80}")
    if (np.diag(matrix) <= 0).any() or matrix[2].tolist() != [0, 0, 1]:
        raise ValueError(
            "expected a camera matrix [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels, "
            f"got {matrix.tolist()}"
        )
    return matrix


def head_pose(
    landmarks: FloatArray,
    sigma: FloatArray | None = None,
    convention: str | None = None,
    camera: Any = None,
) -> HeadPose:
    """Head pose of a face; see `danpredict.Detection.head_pose`.

    Parameters
    ----------
    landmarks : (68, 2) float, image pixels
    sigma : (68,) float, optional
        Expected error of each landmark, image pixels.
    convention : str, optional
        Name of the convention. Without one, 68 landmarks are ``ibug68``, as in dlib.
    camera : (3, 3) float, optional
        Intrinsic matrix of the camera.

    Raises
    ------
    ValueError
        Landmarks of another convention, landmarks that are not finite or all in one place, or a
        camera matrix of another form.
    """
    points = usable_landmarks(landmarks, convention, "a head pose")
    shape = mean_shape_3d("ibug68")
    matrix = None if camera is None else _checked_camera(camera)
    fit = fit_pose(points, shape, np.ones(len(shape)), matrix)
    yaw, pitch, roll = np.degrees(SIGN * fit.angles[list(ROTATION_OF_ANGLE)]).tolist()
    if sigma is None:
        return HeadPose(yaw, pitch, roll)
    inverse = np.linalg.pinv(fit.jacobian.reshape(-1, 6))[:3]
    variance = inverse**2 @ np.repeat(axis_deviation(sigma) ** 2, 2)
    std = np.degrees(np.sqrt(variance))[list(ROTATION_OF_ANGLE)].tolist()
    return HeadPose(yaw, pitch, roll, (std[0], std[1], std[2]))
