"""The normalisers: the size of a face, by which landmark errors are divided."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention


def face_scale(truth: FloatArray, convention: Convention) -> FloatArray:
    """The main normaliser (N,) of (N, L, 2) landmarks: the inter-ocular distance.

    For a convention without eyes: half the diagonal of the landmarks' tight box.
    """
    return inter_ocular(truth, convention) if convention.eyes else half_diagonal(truth, convention)


def inter_ocular(truth: FloatArray, convention: Convention) -> FloatArray:
    """Distance (N,) between the outer eye corners of (N, L, 2) landmarks, as in 300-W."""
    if convention.eyes is None:
        raise ValueError(f"expected a convention with eye corners, got {convention.name}")
    first, second = convention.eyes
    return np.asarray(np.linalg.norm(truth[:, first] - truth[:, second], axis=-1))


def inter_pupil(truth: FloatArray, convention: Convention) -> FloatArray:
    """Distance (N,) between the mean landmarks of both eyes, as in the DAN paper."""
    if not {"right_eye", "left_eye"} <= set(convention.groups):
        raise ValueError(
            f"expected a convention with landmarks of both eyes, got {convention.name}"
        )
    first, second = (
        truth[:, list(convention.groups[eye])].mean(1) for eye in ("right_eye", "left_eye")
    )
    return np.asarray(np.linalg.norm(first - second, axis=-1))


def box_diagonal(truth: FloatArray, convention: Convention) -> FloatArray:
    """Diagonal (N,) of the tight box of (N, L, 2) landmarks; usable for profile faces too."""
    return np.asarray(np.linalg.norm(np.nanmax(truth, 1) - np.nanmin(truth, 1), axis=-1))


def half_diagonal(truth: FloatArray, convention: Convention) -> FloatArray:
    """Half of `box_diagonal`; about as large as the inter-ocular distance."""
    return box_diagonal(truth, convention) / 2


def normalisers(
    convention: Convention,
) -> dict[str, Callable[[FloatArray, Convention], FloatArray]]:
    """All normalisers of a convention by name. The first is the main one, `face_scale`."""
    functions = (
        {"inter-ocular": inter_ocular} if convention.eyes else {"half-diagonal": half_diagonal}
    )
    if {"right_eye", "left_eye"} <= set(convention.groups):
        functions["inter-pupil"] = inter_pupil
    return {**functions, "box-diagonal": box_diagonal}
