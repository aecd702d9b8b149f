"""Combine the estimates of several teachers into one pseudo-label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from skimage.transform import SimilarityTransform

from danpredict.geometry.similarity import FloatArray, fit_similarity
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.gaps import gaps, with_gaps
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.openness import has_openness
from danpredict.training.pseudo_labels.coarse import CoarseFace
from danpredict.training.pseudo_labels.lids_and_lips import (
    BETWEEN_TEACHERS,
    OPENNESS_POINTS,
    WITHIN_TEACHER,
    leave_out,
)

# A single teacher makes several estimates of a face. The face is kept if their mean distance from
# their mean, divided by the inter-ocular distance, is below this limit. It keeps 95 % of the faces.
AGREEMENT = 0.018
# The same limit for several teachers. It was measured on 201 annotated faces, with lean68 and an
# integral teacher. It keeps 99 % of the faces: all faces with shut eyes, and 10 of 11 faces with
# wide mouths. It drops one of the three faces with an error above 8 %.
TEACHERS_AGREEMENT = 0.025


@dataclass(frozen=True)
class PseudoLabel:
    """Landmarks for one face, and the values that decide whether the face is kept.

    Attributes
    ----------
    landmarks : (L, 2) float, image pixels
        NaN for an eye or a mouth if the teachers disagree about how far it is open.
    agrees : bool
        Whether the teachers agree; for a single teacher, whether its estimates agree.
    difference : (K, 2) float
        Offset of the face's points from the landmarks, in the canonical frame, divided by the
        inter-ocular distance; NaN for points that are NaN.
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
    """Average the teachers. Lids and lips come from one teacher, or are left out if in doubt.

    Parameters
    ----------
    estimates : T times (A, L, 2) float, image pixels
        One array per teacher; see `danpredict.training.pseudo_labels.estimate.estimates`.
    coarse : CoarseFace
    mean_shape : (L, 2) float, canonical pixels
        Of any of the teachers.
    openness : int, optional
        Index of the teacher that decides how far eyes and mouths are open. By default, lids and
        lips are left out if the teachers disagree about how far they are open.
    """
    teachers = np.stack([landmarks.mean(0) for landmarks in estimates])
    single = len(teachers) == 1
    compared = estimates[0] if single else teachers
    mean = teachers.mean(0)
    identity = SimilarityTransform()  # type: ignore[no-untyped-call]
    frame = fit_similarity(mean, mean_shape) or identity
    normaliser = float(face_scale(mean_shape[None], convention)[0])
    # The distance between the eyes of this face would be too short on profiles.
    scale = normaliser / frame.scale
    landmarks, counted = mean, np.ones(convention.size, np.bool_)
    if has_openness(convention):
        if openness is not None or single:
            chosen = openness or 0
            # Copying the lids and lips would give the same openness. On the 201 faces on which the
            # limits were measured, the NME is 3.48 % with the gaps and 3.49 % with copies. With an
            # earlier teacher it is 3.54 % with the gaps and 3.57 % with copies.
            landmarks = with_gaps(mean, gaps(teachers[chosen]))
            landmarks = leave_out(landmarks, estimates[chosen], scale, WITHIN_TEACHER)
        else:
            landmarks = leave_out(mean, teachers, scale, BETWEEN_TEACHERS)
        # Lids and lips have other limits, since teachers differ most on shut eyes and wide mouths.
        counted[list(OPENNESS_POINTS)] = False
    spread = float(np.linalg.norm(compared - mean, axis=-1)[:, counted].mean() / scale)
    return PseudoLabel(
        landmarks,
        spread < (AGREEMENT if single else TEACHERS_AGREEMENT),
        (frame(coarse.points) - coarse.weights @ frame(mean)) / normaliser,
    )


def kept(labels: Sequence[PseudoLabel], faces: Sequence[CoarseFace]) -> list[bool]:
    """Which labels to keep: the teachers agree, and the face's points are near the landmarks.

    The median difference over all faces is subtracted first, since other annotators may place some
    points differently on every face.
    """
    differences = np.stack([label.difference for label in labels])
    differences = differences[:, np.isfinite(differences).any((0, 2))]
    off = np.linalg.norm(differences - np.nanmedian(differences, axis=0), axis=-1)
    near = np.nanmean(off, axis=-1) < [face.nearness for face in faces]
    return [label.agrees and bool(n) for label, n in zip(labels, near, strict=True)]
