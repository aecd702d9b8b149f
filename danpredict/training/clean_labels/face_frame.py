"""The position of a face from its five points: centre, size and roll.

The five points are eye centre on the picture's left, eye centre on its right, nose tip, mouth
corner on the left and on the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray

# Distance from the middle of the eyes to the middle of the mouth, divided by the distance of the
# eyes: the median over the 142 faces with hand-made outlines is 1.09, from their `points5.csv`.
EYES_TO_MOUTH = 1.09


@dataclass(frozen=True)
class FaceFrame:
    """Where a face lies in its picture.

    Attributes
    ----------
    centre : (2,) float, image pixels
        The mean of the five points.
    unit : float, pixels
        The distance that the eyes would have if the head were seen from the front.
    roll : float, radians
        Angle of the face's downward direction from the picture's downward direction, clockwise
        in the picture.
    """

    centre: FloatArray
    unit: float
    roll: float


def face_frame(points: FloatArray) -> FaceFrame:
    """The frame of a face from its five points (5, 2), image pixels.

    The direction from the eyes to the mouth gives the roll, since it keeps its direction when the
    head turns to a side. The larger of two lengths gives the unit: the distance of the eyes,
    which gets short when the head turns, and the distance from the eyes to the mouth, which gets
    short when it nods.

    Raises
    ------
    ValueError
        The points are not finite, or eyes and mouth are at one place.
    """
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise ValueError(f"expected five finite points (5, 2), got {points.tolist()!r:.80}")
    down = points[3:5].mean(0) - points[:2].mean(0)
    eyes = float(np.hypot(*(points[1] - points[0])))
    unit = max(eyes, float(np.hypot(*down)) / EYES_TO_MOUTH)
    if unit < 1:
        raise ValueError(f"expected eyes apart from the mouth, got {points.tolist()!r:.80}")
    return FaceFrame(points.mean(0), unit, float(np.arctan2(-down[0], down[1])))


def crop_matrix(
    frame: FaceFrame, side: int, units: float, turn: float = 0.0, mirrored: bool = False
) -> NDArray[np.float64]:
    """The matrix (2, 3) from image pixels to a square crop with the upright face in its centre.

    Parameters
    ----------
    frame : FaceFrame
    side : int
        Side of the crop, pixels.
    units : float
        Side of the crop, in units of the face.
    turn : float, radians
        An additional rotation of the face in the crop, clockwise.
    mirrored : bool
        Whether left and right are exchanged in the crop, after the rotation.
    """
    scale, angle = side / (units * frame.unit), turn - frame.roll
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    if mirrored:
        linear[0] *= -1
    middle = (side - 1) / 2
    return np.column_stack([linear, middle - linear @ frame.centre])
