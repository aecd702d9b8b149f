"""What the network is shown: a varied face with a start, the same whoever asks for it."""

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
from danpredict.training.augment import Tile, background_starts, bend, random_starts, vary
from danpredict.training.config import AugmentConfig
from danpredict.training.losses import Target
from danpredict.training.openness_warps import vary_eyes, vary_mouth
from danpredict.training.tiles import FaceTiles, mirror_tile, rarity

Starts = Callable[[np.random.Generator, FloatArray, FloatArray, AugmentConfig], NDArray[np.float32]]

NEARLY_SHUT = 0.22  # eye aspect ratio
MOUTH = slice(48, 68)  # landmarks of ibug68


class Sample(NamedTuple):
    """One varied face, as the network and the losses take it; see `FaceTiles` and `Target`."""

    image: Tile
    start: NDArray[np.float32]
    landmarks: NDArray[np.floating]
    known: NDArray[np.bool_]
    face: bool


def openness_weights(landmarks: FloatArray, config: AugmentConfig) -> FloatArray:
    """How many times as often each of (N, 68, 2) faces is drawn for its eyes, mouth and turn.

    Few photos show shut eyes, wide-open mouths or turned heads: 11, 6 and 13 % of 300-W's
    training half, by the limits used here.
    """
    weights = np.where(eye_aspect_ratio(landmarks) < NEARLY_SHUT, config.shut_eyes, 1.0)
    weights *= np.where(mouth_aspect_ratio(landmarks) > WIDE, config.wide_mouths, 1.0)
    weights *= np.where(np.abs(turn_ratio(landmarks)) > TURNED, config.turned, 1.0)
    return np.asarray(weights)


class Sampler:
    """Draws faces by their weights.

    Everything random about a sample comes from the seed, the step and its place in the batch, so
    that resumed runs and runs of several processes see the same faces as one uninterrupted process.
    """

    def __init__(
        self,
        faces: FaceTiles,
        weights: FloatArray,
        mean_shape: FloatArray,
        convention: Convention,
        augment: AugmentConfig,
        seed: int,
        starts: Starts = random_starts,
    ) -> None:
        """``weights`` (N,) are in proportion to the faces' chances, apart from their rarity.

        ``starts`` draws the initial transforms of starts that lie on the face.
        """
        self.faces, self.mean_shape, self.convention = faces, mean_shape, convention
        self.augment, self.seed, self.starts = augment, seed, starts
        weights = weights * rarity(faces.landmarks, mean_shape) ** augment.balance
        balanced = {augment.shut_eyes, augment.wide_mouths, augment.turned} != {1.0}
        if augment.eyes or augment.mouth or balanced:
            require_openness(convention)
            weights = weights * openness_weights(faces.landmarks, augment)
        self.cumulative = np.cumsum(weights) / np.sum(weights)

    def sample(self, step: int, place: int) -> Sample:
        """The face at a place of a step's batch."""
        rng = np.random.default_rng([self.seed, step, place])
        augment, faces = self.augment, self.faces
        index, other = np.searchsorted(self.cumulative, rng.random(2), side="right")
        tile, points, known = faces.images[index], faces.landmarks[index], faces.known[index]
        if rng.random() < 0.5 and self.convention.mirror is not None:
            tile, points = mirror_tile(tile, points, self.convention.mirror)
            known = known[list(self.convention.mirror)]
        # Without a chance nothing is drawn: runs of older configs see the same faces as before.
        # Where lids or lips are not labelled, nobody knows what to move.
        if augment.eyes and rng.random() < augment.eyes and known[list(sum(EYES, ()))].all():
            tile, points = vary_eyes(rng, tile, points)
        if augment.mouth and rng.random() < augment.mouth and known[MOUTH].all():
            tile, points = vary_mouth(rng, tile, points)
        if rng.random() < augment.bend:
            tile, points = bend(rng, tile, points, augment)
        tile = vary(rng, tile, points, faces.images[other], augment)
        face = bool(rng.random() >= augment.background)
        starts = self.starts if face else background_starts
        start = starts(rng, points[None], self.mean_shape, augment)[0]
        return Sample(tile, start, points, known, face)

    def batch(self, step: int, places: range) -> tuple[Tensor, Tensor, Target]:
        """Images (N, 1, T, T), initial transforms (N, 2, 3) and the truth."""
        samples = [self.sample(step, place) for place in places]
        images, starts, landmarks, known, face = (
            torch.from_numpy(np.stack(part)) for part in zip(*samples, strict=True)
        )
        scale = torch.from_numpy(face_scale(landmarks.double().numpy(), self.convention)).float()
        return images[:, None].float(), starts, Target(landmarks.float(), known, face, scale)
