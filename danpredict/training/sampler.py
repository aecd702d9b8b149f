"""Draw training samples: a varied face with an initial transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.openness import (
    EYES,
    TURNED,
    WIDE,
    eye_aspect_ratio,
    mouth_aspect_ratio,
    require_openness,
    turn_ratio,
)
from danpredict.training.augment import Tile, background_transforms, bend, random_transforms, vary
from danpredict.training.config import AugmentConfig
from danpredict.training.losses import Target
from danpredict.training.openness_warps import vary_eyes, vary_mouth
from danpredict.training.tiles import FaceTiles, mirror_tile, rarity

DrawTransforms = Callable[
    [np.random.Generator, FloatArray, FloatArray, AugmentConfig], NDArray[np.float32]
]

NEARLY_SHUT = 0.22  # eye aspect ratio
MOUTH = slice(48, 68)  # landmarks of ibug68


class Sample(NamedTuple):
    """One varied face; see `FaceTiles` and `Target`."""

    image: Tile
    transform: NDArray[np.float32]
    landmarks: NDArray[np.floating]
    known: NDArray[np.bool_]
    face: bool


def openness_weights(landmarks: FloatArray, config: AugmentConfig) -> FloatArray:
    """Factors (N,) by which faces are drawn more often, from their landmarks (N, 68, 2).

    The config sets the factors of shut eyes, wide-open mouths and turned heads. These are rare:
    with the limits used here, 11, 6 and 13 % of the faces in 300-W's training half.
    """
    weights = np.where(eye_aspect_ratio(landmarks) < NEARLY_SHUT, config.shut_eyes, 1.0)
    weights *= np.where(mouth_aspect_ratio(landmarks) > WIDE, config.wide_mouths, 1.0)
    weights *= np.where(np.abs(turn_ratio(landmarks)) > TURNED, config.turned, 1.0)
    return np.asarray(weights)


class Sampler:
    """Draws faces by their weights.

    All random numbers of a sample follow from the seed, the step and the sample's place in the
    batch. So resumed runs and runs of several processes get the same samples as one uninterrupted
    process.
    """

    def __init__(
        self,
        faces: FaceTiles,
        weights: FloatArray,
        mean_shape: FloatArray,
        convention: Convention,
        augment: AugmentConfig,
        seed: int,
        draw_transforms: DrawTransforms = random_transforms,
    ) -> None:
        """Prepare the probabilities of the faces.

        Parameters
        ----------
        faces : FaceTiles
        weights : (N,) float
            How often each face is drawn, relative to the others. The config changes them by a
            face's rarity and openness.
        mean_shape : (L, 2) float, canonical pixels
        convention : Convention
            Of the landmarks.
        augment : AugmentConfig
        seed : int
        draw_transforms : callable
            Draws the initial transforms that lie on the face.
        """
        self.faces, self.mean_shape, self.convention = faces, mean_shape, convention
        self.augment, self.seed, self.draw_transforms = augment, seed, draw_transforms
        weights = weights * rarity(faces.landmarks, mean_shape) ** augment.balance
        balanced = {augment.shut_eyes, augment.wide_mouths, augment.turned} != {1.0}
        if augment.eyes or augment.mouth or balanced:
            require_openness(convention)
            weights = weights * openness_weights(faces.landmarks, augment)
        self.cumulative = np.cumsum(weights) / np.sum(weights)

    def sample(self, step: int, place: int) -> Sample:
        """The sample at a place in the batch of a step."""
        rng = np.random.default_rng([self.seed, step, place])
        augment, faces = self.augment, self.faces
        index, other = np.searchsorted(self.cumulative, rng.random(2), side="right")
        tile, points, known = faces.images[index], faces.landmarks[index], faces.known[index]
        if rng.random() < 0.5 and self.convention.mirror is not None:
            tile, points = mirror_tile(tile, points, self.convention.mirror)
            known = known[list(self.convention.mirror)]
        # No random number is drawn at probability 0, so older configs give the same samples.
        # Lids and lips are moved only if they are labelled.
        if augment.eyes and rng.random() < augment.eyes and known[list(sum(EYES, ()))].all():
            tile, points = vary_eyes(rng, tile, points)
        if augment.mouth and rng.random() < augment.mouth and known[MOUTH].all():
            tile, points = vary_mouth(rng, tile, points)
        if rng.random() < augment.bend:
            tile, points = bend(rng, tile, points, augment)
        tile = vary(rng, tile, points, faces.images[other], augment)
        face = bool(rng.random() >= augment.background)
        draw = self.draw_transforms if face else background_transforms
        transform = draw(rng, points[None], self.mean_shape, augment)[0]
        return Sample(tile, transform, points, known, face)

    def batch(self, step: int, places: range) -> tuple[Tensor, Tensor, Target]:
        """Images (N, 1, T, T), initial transforms (N, 2, 3) and labels of a step."""
        samples = [self.sample(step, place) for place in places]
        images, transforms, landmarks, known, face = (
            torch.from_numpy(np.stack(part)) for part in zip(*samples, strict=True)
        )
        scale = torch.from_numpy(face_scale(landmarks.double().numpy(), self.convention)).float()
        return images[:, None].float(), transforms, Target(landmarks.float(), known, face, scale)
