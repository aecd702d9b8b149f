"""Openness of eyes and mouth of one face, with its uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.landmarks.openness import (
    EYES,
    LIP_CORNERS,
    LIP_PAIRS,
    eye_aspect_ratios,
    mouth_aspect_ratio,
)
from danpredict.landmarks.usable import axis_deviation, usable_landmarks


class Measured(float):
    """A number with a standard deviation.

    Attributes
    ----------
    std : float or None
        Standard deviation, in the unit of the number; None if the landmarks have no sigma.
    """

    std: float | None

    def __new__(cls, value: float, std: float | None = None) -> Measured:  # noqa: D102
        measured = super().__new__(cls, value)
        measured.std = std
        return measured

    def __repr__(self) -> str:
        return float.__repr__(self) if self.std is None else f"{float(self):.4g} ± {self.std:.2g}"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (float(self), self.std)


def _width(points: NDArray[np.float64], first: int, second: int, what: str) -> float:
    width = float(np.linalg.norm(points[first] - points[second]))
    if width == 0:
        raise ValueError(
            f"expected {what} with two different corners, got landmarks {first} and {second} in "
            "the same place"
        )
    return width


def _ratio_std(
    ratio: float, width: float, deviation: NDArray[np.float64], gaps: list[int], corners: list[int]
) -> float:
    """Standard deviation of a ratio ``sum of gaps / width`` by propagation of errors.

    Every landmark enters one distance only. A distance changes by the error along its line, so its
    variance is the sum of the variances of its ends along one axis.
    """
    gap = float((deviation[gaps] ** 2).sum())
    corner = float((deviation[corners] ** 2).sum())
    return float(np.sqrt(gap + ratio**2 * corner)) / width


def eye_openness(
    landmarks: Any, sigma: Any = None, convention: str | None = None
) -> tuple[Measured, Measured]:
    """Eye aspect ratios of the person's right and left eye; see `Detection.eye_openness`."""
    needed = (*EYES[0], *EYES[1])
    points = usable_landmarks(landmarks, convention, "the openness of eyes", needed)
    right, left = (
        _eye(points, float(ratio), sigma, eye)
        for ratio, eye in zip(eye_aspect_ratios(points), EYES, strict=True)
    )
    return right, left


def _eye(points: NDArray[np.float64], ratio: float, sigma: Any, eye: tuple[int, ...]) -> Measured:
    p0, p1, p2, p3, p4, p5 = eye
    width = 2 * _width(points, p0, p3, "an eye")
    if sigma is None:
        return Measured(ratio)
    deviation = axis_deviation(sigma)
    # The ratio is (|p1 p5| + |p2 p4|) / (2 |p0 p3|): the divisor changes twice as fast as |p0 p3|.
    deviation[[p0, p3]] *= 2
    return Measured(ratio, _ratio_std(ratio, width, deviation, [p1, p2, p4, p5], [p0, p3]))


def mouth_openness(landmarks: Any, sigma: Any = None, convention: str | None = None) -> Measured:
    """Ratio of height and width of the inner lips; see `Detection.mouth_openness`."""
    upper, lower = LIP_PAIRS[1]
    needed = (upper, lower, *LIP_CORNERS)
    points = usable_landmarks(landmarks, convention, "the openness of the mouth", needed)
    width = _width(points, *LIP_CORNERS, "a mouth")
    ratio = float(mouth_aspect_ratio(points))
    if sigma is None:
        return Measured(ratio)
    deviation = axis_deviation(sigma)
    return Measured(ratio, _ratio_std(ratio, width, deviation, [upper, lower], [*LIP_CORNERS]))
