"""Which faces are dropped, and which landmarks are left out because they are in doubt.

All limits were chosen by looking at contact sheets of `sfhq_t2i`, sorted by these values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels.adapter import JAW, MeshAdapter
from danpredict.training.clean_labels.face_frame import face_frame

FEWEST_PASSES = 4  # of 6; with fewer, MediaPipe's detector hardly finds the face
# Median over the mesh, in units of the face. 90 % of the faces of sfhq_t2i are below 0.045.
LARGEST_SPREAD = 0.05
# Mean distance between the five points and the mesh's own, in units of the face. The detector's
# points and the mesh's differ by 0.07 on good faces; from 0.2 on, most meshes are misplaced.
LARGEST_DISTANCE = 0.17
# Degrees. MediaPipe's meshes of full profiles are turned by about 60 and do not fit.
LARGEST_YAW = 55.0
# Mean spread of a part's landmarks, in units of the face, above which the whole part is left out.
# The parts that open and shut have to be exact, so the limit of the eyes is lower.
PARTS = {
    "right_eye": (range(36, 42), 0.035),
    "left_eye": (range(42, 48), 0.035),
    "mouth": (range(48, 68), 0.05),
}
LARGEST_LANDMARK_SPREAD = 0.08  # of a single landmark
# The mesh points that correspond to the five points: corners of each eye, nose tip, mouth corners.
FIVE_POINTS = ((33, 133), (362, 263), (4,), (61,), (291,))


@dataclass(frozen=True)
class FaceChecks:
    """The values that decide whether a face is kept; see the limits of this module."""

    passes: int
    spread: float
    distance: float
    yaw: float

    def reason(self) -> str | None:
        """Why the face is dropped; None if it is kept."""
        checks = {
            "found in few passes": self.passes < FEWEST_PASSES,
            "passes disagree": not self.spread <= LARGEST_SPREAD,
            "mesh off the five points": not self.distance <= LARGEST_DISTANCE,
            "profile": not abs(self.yaw) <= LARGEST_YAW,
        }
        return next((reason for reason, fails in checks.items() if fails), None)


def check_face(
    mesh: FloatArray, spread: FloatArray, passes: int, points5: FloatArray, adapter: MeshAdapter
) -> FaceChecks:
    """The checks of one face of a `danpredict.training.clean_labels.mesh_table.MeshTable`."""
    if passes == 0:
        return FaceChecks(0, np.nan, np.nan, np.nan)
    five = np.stack([mesh[list(points), :2].mean(0) for points in FIVE_POINTS])
    distance = np.linalg.norm(five - points5, axis=1).mean() / face_frame(points5).unit
    yaw = adapter.head_frame(mesh).yaw
    return FaceChecks(passes, float(np.median(spread)), float(distance), yaw)


def landmark_spread(
    landmarks: FloatArray, mesh: FloatArray, spread: FloatArray, adapter: MeshAdapter
) -> NDArray[np.float64]:
    """The spread (68,) of landmarks, in units of the face, from that of their mesh points.

    A landmark of the jaw has the spread of the nearest mesh point. The others have the mean
    over their mesh points, weighted as these are.
    """
    gaps = landmarks[:JAW, None] - mesh[None, :, :2]
    nearest = (gaps**2).sum(-1).argmin(1)
    weights = np.abs(adapter.weights)
    others = weights @ spread / weights.sum(1)
    return np.concatenate([spread[nearest], others]).astype(np.float64)


def without_doubts(
    landmarks: FloatArray, spread: FloatArray, width: int, height: int
) -> NDArray[np.float64]:
    """The landmarks (68, 2), image pixels, with NaN for those in doubt.

    In doubt are landmarks outside the picture, single landmarks on which the passes disagree, and
    whole eyes and mouths on which they disagree.
    """
    x, y = landmarks.T
    doubt = (x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5)
    doubt |= spread > LARGEST_LANDMARK_SPREAD
    for numbers, limit in PARTS.values():
        if spread[list(numbers)].mean() > limit:
            doubt[list(numbers)] = True
    return np.where(doubt[:, None], np.nan, landmarks)
