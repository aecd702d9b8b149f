"""The normalisers: the size of a face, by which landmark errors are divided."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention


def face_scale(truth: FloatArray, convention: Convention) -> FloatArray:
    """What errors are measured by (N,): the inter-ocular distance of (N, L, 2) landmarks.

    Half the diagonal of their box where the convention has no eyes.
    """
    return inter_ocular(truth, convention) if convention.eyes else half_diagonal(truth, convention)


def inter_ocular(truth: FloatArray, convention: Convention) -> FloatArray:
    """Distance of the outer eye corners (N,) of (N, L, 2) landmarks; the 300-W challenge's."""
    if convention.eyes is None:
        raise ValueError(f"expected a convention with eyes, got {convention.name}")
    first, second = convention.eyes
    return np.asarray(np.linalg.norm(truth[:, first] - truth[:, second], axis=-1))


def inter_pupil(truth: FloatArray, convention: Convention) -> FloatArray:
    """Distance of the eyes' centres (N,): the mean of each eye's points; the DAN paper's."""
    if not {"right_eye", "left_eye"} <= set(convention.groups):
        raise ValueError(f"expected a convention with points of both eyes, got {convention.name}")
    first, second = (
        truth[:, list(convention.groups[eye])].mean(1) for eye in ("right_eye", "left_eye")
    )
    return np.asarray(np.linalg.norm(first - second, axis=-1))


def box_diagonal(truth: FloatArray, convention: Convention) -> FloatArray:
    """Diagonal of the landmarks' tight box (N,); for faces whose eyes are too close together."""
    return np.asarray(np.linalg.norm(np.nanmax(truth, 1) - np.nanmin(truth, 1), axis=-1))


def half_diagonal(truth: FloatArray, convention: Convention) -> FloatArray:
    """Half of it: about the inter-ocular distance, where a convention has no eyes."""
    return box_diagonal(truth, convention) / 2


def normalisers(
    convention: Convention,
) -> dict[str, Callable[[FloatArray, Convention], FloatArray]]:
    """What a convention's errors can be measured by; the first is the main one, `face_scale`."""
    found = {"inter-ocular": inter_ocular} if convention.eyes else {"half-diagonal": half_diagonal}
    if {"right_eye", "left_eye"} <= set(convention.groups):
        found["inter-pupil"] = inter_pupil
    return {**found, "box-diagonal": box_diagonal}
