"""What one teacher says about one face, several times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import fit_similarity
from danpredict.training.pseudo_labels.coarse import CoarseFace
from danpredict.training.pseudo_labels.one_model import SHIFT, STARTS, disturbed_starts
from danpredict.training.pseudo_labels.teacher import Teacher

SHIFT_FRAME = 112  # pixels; `SHIFT` is for a canonical frame of this side


def estimates(
    teacher: Teacher, image: Image, coarse: CoarseFace, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A teacher's landmarks (A, L, 2), image pixels, from disturbed initial transforms.

    The transforms lie around the similarity of the landmarks that a first pass finds. Half of
    the estimates are found in the mirrored picture and mirrored back.
    """
    known = np.isfinite(coarse.points).all(1)
    target = (coarse.weights @ teacher.mean_shape)[known]
    upright = SimilarityTransform()  # type: ignore[no-untyped-call]
    there = fit_similarity(coarse.points[known], target) or upright
    # A first pass finds how the face lies; few points say that badly on turned heads.
    there = fit_similarity(teacher.refine([image], [there])[0], teacher.mean_shape) or there
    mirrored, width = np.ascontiguousarray(image[:, ::-1]), image.shape[1]
    shift = SHIFT * teacher.size / SHIFT_FRAME
    transforms = disturbed_starts(there, teacher.size, width, rng, shift)
    found = teacher.refine([image, mirrored] * STARTS, transforms)
    found[1::2] = found[1::2][:, list(teacher.convention.mirror or ())]
    found[1::2, :, 0] = width - 1 - found[1::2, :, 0]
    return found
