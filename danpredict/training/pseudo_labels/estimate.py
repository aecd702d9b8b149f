"""Repeated estimates of one teacher for one face, from disturbed initial transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import fit_similarity, similarity
from danpredict.landmarks.convention import Convention
from danpredict.training.pseudo_labels.coarse import CoarseFace
from danpredict.training.pseudo_labels.teacher import Teacher

REPETITIONS = 3
# Standard deviations of the disturbance, smaller than the errors of detectors: logarithm of the
# scale, radians, and pixels in a canonical frame of `SHIFT_FRAME` pixels.
SCALE, ROLL, SHIFT = 0.05, 0.08, 2.5
SHIFT_FRAME = 112


class Refiner(Protocol):
    """The part of a `Teacher` that `repeated_estimates` needs."""

    @property
    def convention(self) -> Convention: ...  # noqa: D102

    @property
    def size(self) -> int: ...  # noqa: D102

    def refine(  # noqa: D102
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]: ...


def disturbed_transforms(
    transform: SimilarityTransform, size: int, width: int, rng: np.random.Generator
) -> list[SimilarityTransform]:
    """Disturbed transforms, alternating between the picture and its mirror image.

    Parameters
    ----------
    transform : SimilarityTransform
        Image to canonical frame.
    size : int
        Side of the canonical frame, pixels.
    width : int
        Of the image, pixels.
    rng : Generator

    Returns
    -------
    list of 2 * `REPETITIONS` SimilarityTransform
    """
    middle = (size - 1) / 2
    flip_image = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    flip_frame = np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]])
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2] = -middle
    matrices = []
    for _ in range(REPETITIONS):
        scale, roll = np.exp(rng.normal(0, SCALE)), rng.normal(0, ROLL)
        turn = SimilarityTransform(scale=scale, rotation=roll)  # type: ignore[no-untyped-call]
        back[:2, 2] = middle + rng.normal(0, SHIFT * size / SHIFT_FRAME, 2)
        matrix = back @ turn.params @ to_middle @ transform.params
        matrices += [matrix, flip_frame @ matrix @ flip_image]
    return [similarity(matrix) for matrix in matrices]


def repeated_estimates(
    teacher: Refiner, image: Image, transform: SimilarityTransform, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Landmarks (A, L, 2) in image pixels, from disturbed transforms around ``transform``.

    Every second estimate is made in the mirrored picture, and mirrored back.
    """
    mirrored, width = np.ascontiguousarray(image[:, ::-1]), image.shape[1]
    transforms = disturbed_transforms(transform, teacher.size, width, rng)
    landmarks = teacher.refine([image, mirrored] * REPETITIONS, transforms)
    landmarks[1::2] = landmarks[1::2][:, list(teacher.convention.mirror or ())]
    landmarks[1::2, :, 0] = width - 1 - landmarks[1::2, :, 0]
    return landmarks


def estimates(
    teacher: Teacher, image: Image, coarse: CoarseFace, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A teacher's landmarks (A, L, 2) in image pixels for one face; see `repeated_estimates`.

    A first pass finds the position of the face, since a few coarse points are not accurate enough
    on turned heads.
    """
    known = np.isfinite(coarse.points).all(1)
    target = (coarse.weights @ teacher.mean_shape)[known]
    identity = SimilarityTransform()  # type: ignore[no-untyped-call]
    transform = fit_similarity(coarse.points[known], target) or identity
    first = teacher.refine([image], [transform])[0]
    transform = fit_similarity(first, teacher.mean_shape) or transform
    return repeated_estimates(teacher, image, transform, rng)
