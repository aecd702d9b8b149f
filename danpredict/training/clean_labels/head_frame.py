"""The head's own 3-D frame: the similarity transform between a mesh and the mean mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray


@dataclass(frozen=True)
class HeadFrame:
    """``head = scale * (image - origin) @ rotation + head_origin``, all in three dimensions.

    The head frame has x to the left of the person, y down and z away from the camera when the
    head is seen from the front. Its unit is the distance between the outer eye corners.

    Attributes
    ----------
    rotation : (3, 3) float
        A rotation, from image axes to head axes.
    scale : float
        Head units per image pixel.
    origin, head_origin : (3,) float
        The same point in image pixels and in the head frame.
    """

    rotation: NDArray[np.float64]
    scale: float
    origin: NDArray[np.float64]
    head_origin: NDArray[np.float64]

    def to_head(self, points: FloatArray) -> NDArray[np.float64]:
        """Points (..., 3) of the image in the head frame."""
        return np.asarray(
            self.scale * (points - self.origin) @ self.rotation + self.head_origin, np.float64
        )

    def to_image(self, points: FloatArray) -> NDArray[np.float64]:
        """Points (..., 3) of the head frame in the image."""
        turned = (points - self.head_origin) @ self.rotation.T
        return np.asarray(turned / self.scale + self.origin, np.float64)

    @property
    def yaw(self) -> float:
        """Degrees by which the head is turned; positive towards the picture's right."""
        nose = -self.rotation[:, 2]  # image axes of the head's forward direction
        return float(np.degrees(np.arctan2(nose[0], -nose[2])))

    @property
    def pitch(self) -> float:
        """Degrees by which the head nods; positive downwards."""
        nose = -self.rotation[:, 2]
        return float(np.degrees(np.arctan2(nose[1], np.hypot(nose[0], nose[2]))))


def fit_head_frame(mesh: FloatArray, mean_mesh: FloatArray, rigid: Sequence[int]) -> HeadFrame:
    """The least-squares similarity from a mesh (N, 3) to the mean mesh (N, 3).

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    IEEE PAMI 1991, equations 34 to 42.

    Parameters
    ----------
    rigid : indices
        The points to fit: those that neither mouth nor jaw move.

    Raises
    ------
    ValueError
        The points of the mesh are not finite, or at one place.
    """
    source, target = mesh[list(rigid)], mean_mesh[list(rigid)]
    origin, head_origin = source.mean(0), target.mean(0)
    spread = float(((source - origin) ** 2).sum())
    if not spread > 0:
        raise ValueError("expected a mesh of different, finite points, got another one")
    left, values, right = np.linalg.svd((source - origin).T @ (target - head_origin))
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])  # no reflection
    rotation = left @ np.diag(signs) @ right
    return HeadFrame(rotation, float((values * signs).sum() / spread), origin, head_origin)


def mean_mesh(
    meshes: FloatArray, mirror: Sequence[int], corners: tuple[int, int], rounds: int = 3
) -> NDArray[np.float64]:
    """The symmetric mean of meshes (F, N, 3) in a head frame.

    Generalised Procrustes analysis over the meshes and their mirror images. The result is
    scaled so that the ``corners`` (outer eye corners) are at distance 1, and centred. Its
    directions are those of the images, averaged: a face that looks as the faces on average do
    towards the camera has no yaw and no pitch.
    """
    order, flip = list(mirror), np.array([-1.0, 1, 1])
    both = np.concatenate([meshes, meshes[:, order] * flip])
    every = range(both.shape[1])
    mean = np.asarray(both[0] * 1.0)
    for _ in range(rounds):
        aligned = [fit_head_frame(mesh, mean, every).to_head(mesh) for mesh in both]
        mean = np.mean(aligned, axis=0)
        mean = (mean + mean[order] * flip) / 2
        mean = (mean - mean.mean(0)) / np.linalg.norm(mean[corners[0]] - mean[corners[1]])
    turns = sum(fit_head_frame(mesh, mean, every).rotation for mesh in both)
    left, _, right = np.linalg.svd(turns)
    return np.asarray(mean @ (left @ right).T)
