"""One pseudo-label out of the estimates of several teachers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from skimage.transform import SimilarityTransform

from danpredict.geometry.similarity import FloatArray, fit_similarity
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.openness import has_openness
from danpredict.training.pseudo_labels.coarse import CoarseFace
from danpredict.training.pseudo_labels.lids_and_lips import (
    BETWEEN_TEACHERS,
    OPENNESS_POINTS,
    WITHIN_TEACHER,
    leave_out,
    take_gaps,
)
from danpredict.training.pseudo_labels.one_model import AGREEMENT

# Largest mean distance of the teachers from their mean, as a fraction of the normaliser. On 201
# annotated faces, with lean68 and an integral teacher, it keeps 99 % (all shut eyes, 10 of 11 wide
# mouths) and drops one of the three faces whose error is above 8 %.
TEACHERS_AGREEMENT = 0.025


@dataclass(frozen=True)
class PseudoLabel:
    """Landmarks for one face, and the figures by which it is kept or dropped.

    Attributes
    ----------
    landmarks : (L, 2) float, image pixels
        NaN where teachers disagree about openness.
    agrees : bool
        Whether the teachers agree; for a single one, whether its estimates do.
    difference : (K, 2) float
        Offset of the face's points from the landmarks, in the canonical frame, as a fraction of
        the normaliser (inter-ocular distance); NaN for points that are NaN.
    """

    landmarks: FloatArray
    agrees: bool
    difference: FloatArray


def combine(
    estimates: Sequence[FloatArray],
    coarse: CoarseFace,
    mean_shape: FloatArray,
    convention: Convention,
    openness: int | None = None,
) -> PseudoLabel:
    """Average teachers; lids and lips come from one of them, or are left out in doubt.

    Parameters
    ----------
    estimates : T times (A, L, 2) float, image pixels
        Of each teacher; see `danpredict.training.pseudo_labels.estimate.estimates`.
    coarse : CoarseFace
    mean_shape : (L, 2) float, canonical pixels
        Of any of the teachers.
    openness : int, optional
        Index of the teacher that says how far eyes and mouths are open. Otherwise lids and lips
        are left out where the teachers disagree about that.
    """
    teachers = np.stack([found.mean(0) for found in estimates])
    single = len(teachers) == 1
    opinions = estimates[0] if single else teachers
    mean = teachers.mean(0)
    upright = SimilarityTransform()  # type: ignore[no-untyped-call]
    frame = fit_similarity(mean, mean_shape) or upright
    normaliser = float(face_scale(mean_shape[None], convention)[0])
    # On profiles the eyes' own distance is too short to measure by.
    scale = normaliser / frame.scale
    landmarks, counted = mean, np.ones(convention.size, np.bool_)
    if has_openness(convention):
        if openness is not None or single:
            chosen = openness or 0
            landmarks = take_gaps(mean, teachers[chosen])
            landmarks = leave_out(landmarks, estimates[chosen], scale, WITHIN_TEACHER)
        else:
            landmarks = leave_out(mean, teachers, scale, BETWEEN_TEACHERS)
        # Those of shut eyes and wide mouths differ most, and are judged on their own.
        counted[list(OPENNESS_POINTS)] = False
    spread = float(np.linalg.norm(opinions - mean, axis=-1)[:, counted].mean() / scale)
    return PseudoLabel(
        landmarks,
        spread < (AGREEMENT if single else TEACHERS_AGREEMENT),
        (frame(coarse.points) - coarse.weights @ frame(mean)) / normaliser,
    )


def kept(labels: Sequence[PseudoLabel], faces: Sequence[CoarseFace]) -> list[bool]:
    """Which labels to keep: teachers agree, and the faces' points lie where the landmarks say.

    The median difference over all faces is subtracted first, since other annotators may mark some
    points elsewhere on every face.
    """
    differences = np.stack([label.difference for label in labels])
    differences = differences[:, np.isfinite(differences).any((0, 2))]
    off = np.linalg.norm(differences - np.nanmedian(differences, axis=0), axis=-1)
    near = np.nanmean(off, axis=-1) < [face.nearness for face in faces]
    return [label.agrees and bool(n) for label, n in zip(labels, near, strict=True)]
