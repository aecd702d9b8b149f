"""What a cascade returns, and checks of what its stages compute."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.complex_similarity import Similarity, as_complex
from danpredict.geometry.similarity import Target

# Largest offset of an intact stage, in sides of the canonical frame. Real offsets are below 1.
OFFSET_LIMIT = 16
DAMAGED = "its weights are damaged or its training failed. Use another model file."


class Face(NamedTuple):
    """One face after all stages.

    Attributes
    ----------
    stages : (S, L, 2) float
        Landmarks after each stage, image pixels.
    sigma : (L,) float or None
        Expected error of each landmark, image pixels; None if the model has no uncertainty.
    confidence : float or None
        Probability that the face was found well; None likewise.
    transform : Similarity
        Image to canonical frame: the least-squares fit of the final landmarks to the mean shape.
    """

    stages: NDArray[np.floating]
    sigma: NDArray[np.floating] | None
    confidence: float | None
    transform: Similarity


class Refined(NamedTuple):
    """N faces after all stages.

    Attributes
    ----------
    stages : list of (N, L, 2) float64
        Landmarks after each stage, image pixels.
    sigma : (N, L) float64 or None
        See `Face`.
    confidence : (N,) float64 or None
        See `Face`.
    transforms : list of N Similarity
        Image to canonical frame, as the last stage saw each face.
    """

    stages: list[NDArray[np.float64]]
    sigma: NDArray[np.float64] | None
    confidence: NDArray[np.float64] | None
    transforms: list[Similarity]

    def replace(self, rows: Sequence[int], other: Refined, other_rows: Sequence[int]) -> None:
        """Replace some faces by faces of another result, in place."""
        for mine, theirs in zip(self.stages, other.stages, strict=True):
            mine[rows] = theirs[other_rows]
        for row, other_row in zip(rows, other_rows, strict=True):
            self.transforms[row] = other.transforms[other_row]
        if self.sigma is not None and other.sigma is not None:
            self.sigma[rows] = other.sigma[other_rows]
        if self.confidence is not None and other.confidence is not None:
            self.confidence[rows] = other.confidence[other_rows]

    def fits(self, target: Target) -> list[Similarity]:
        """The least-squares fits of the final landmarks to the mean shape."""
        return target.fits(as_complex(self.stages[-1]), self.transforms)

    def faces(self, target: Target) -> Iterator[Face]:
        """Face by face; ``target`` is the cascade's mean shape."""
        stages_of_all = np.array(self.stages)  # (S, N, L, 2); faster than stack()
        for i, transform in enumerate(self.fits(target)):
            stages = stages_of_all[:, i]
            if self.sigma is None or self.confidence is None:
                yield Face(stages, None, None, transform)
            else:
                yield Face(stages, self.sigma[i], float(self.confidence[i]), transform)


def _check_size(what: str, values: NDArray[np.floating], limit: float) -> None:
    """Raise if values are not finite, or if their root mean square exceeds the limit."""
    # One call: minimum and maximum would take three times as long. Huge values give infinity.
    power = float(np.vdot(values, values))
    if not power <= limit * limit * values.size:  # NaN too
        raise RuntimeError(
            f"The model's {what} are not finite or too large (root mean square "
            f"{math.sqrt(power / values.size):g} pixels, expected up to {limit:g}): {DAMAGED}"
        )


def check_offsets(offsets: NDArray[np.floating], size: int) -> None:
    """Check a stage's (N, L, 2) offsets in canonical pixels; ``size`` is the frame's side.

    Raises
    ------
    RuntimeError
        They are NaN, infinite or huge. The model is at fault, not the image.
    """
    _check_size("offsets", offsets, OFFSET_LIMIT * size)


def check_uncertainty(
    sigma: NDArray[np.floating], confidence: NDArray[np.floating], size: int
) -> None:
    """Check (N, L) expected errors in canonical pixels and (N,) probabilities.

    Raises
    ------
    RuntimeError
        As `check_offsets`, or a confidence outside 0 to 1.
    """
    _check_size("expected errors", sigma, OFFSET_LIMIT * size)
    for value in confidence.tolist():
        if not 0 <= value <= 1:
            raise RuntimeError(f"The model's confidence is {value:g}, expected 0 to 1: {DAMAGED}")
