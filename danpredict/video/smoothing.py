"""The One-Euro filter: strong smoothing at rest, little delay in fast movements.

Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems", CHI 2012.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.gaps import gaps, with_gaps
from danpredict.landmarks.openness import has_openness

FPS = 30.0  # frames per second that the cutoffs below assume
WEAKEST_CUTOFF, STRONGEST_CUTOFF = 6.0, 0.12  # Hz; the paper's mincutoff for smoothing 0 and 1
BETA = 0.1  # the paper's beta: the cutoff grows by this many Hz for each canonical pixel a second
DERIVATIVE_CUTOFF = 1.0  # Hz; the paper's dcutoff
# The same for the gaps between lids and between lips. A blink lasts a few frames. In four clips,
# with the values above, 4 of 14 frames with shut eyes were below half of the open eyes' aspect
# ratio. With these values all 14 are, and lids at rest shake about half as much as unsmoothed ones.
GAP_BETA, GAP_DERIVATIVE_CUTOFF = 1.0, 15.0


class Smoother(Protocol):
    """A smoothing method: one instance for each track, called once per frame."""

    def __call__(self, value: FloatArray) -> NDArray[np.float64]:
        """Smooth (L, 2) landmarks in canonical pixels."""


def smoothing_factor(cutoff: FloatArray | float) -> FloatArray | float:
    """The weight of the new value, equation 4 of the paper, at one value per frame."""
    ratio = 2 * np.pi * cutoff / FPS
    return ratio / (ratio + 1)


class OneEuroFilter:
    """Smooths arrays of one shape, element by element, one array per frame.

    Parameters
    ----------
    smoothing : float
        Above 0 (weak) to 1 (strong).
    """

    beta, derivative_cutoff = BETA, DERIVATIVE_CUTOFF

    def __init__(self, smoothing: float) -> None:
        self.min_cutoff = WEAKEST_CUTOFF * (STRONGEST_CUTOFF / WEAKEST_CUTOFF) ** smoothing
        self.value: FloatArray | None = None
        self.speed: FloatArray | float = 0.0

    def __call__(self, value: FloatArray) -> NDArray[np.float64]:
        """The smoothed value; the first value is returned unchanged."""
        if self.value is None:
            self.value = np.array(value, float)
            return np.array(value, np.float64)
        speed = (value - self.value) * FPS
        self.speed = self.speed + smoothing_factor(self.derivative_cutoff) * (speed - self.speed)
        weight = smoothing_factor(self.min_cutoff + self.beta * np.abs(self.speed))
        self.value = self.value + weight * (value - self.value)
        return np.asarray(self.value, np.float64)


class GapFilter(OneEuroFilter):
    """A `OneEuroFilter` that follows quick changes, for gaps between lids and between lips."""

    beta, derivative_cutoff = GAP_BETA, GAP_DERIVATIVE_CUTOFF


class FaceFilter:
    """Smooths the landmarks of one face. Blinks and speech stay visible.

    Parameters
    ----------
    smoothing : float
        Above 0 (weak) to 1 (strong).
    convention : Convention
        Of the landmarks. Only the gaps of ``ibug68`` are filtered differently.
    """

    def __init__(self, smoothing: float, convention: Convention) -> None:
        self.landmarks = OneEuroFilter(smoothing)
        self.gaps = GapFilter(smoothing) if has_openness(convention) else None

    def __call__(self, value: FloatArray) -> NDArray[np.float64]:
        """The smoothed landmarks (L, 2), canonical pixels."""
        smooth = self.landmarks(value)
        return smooth if self.gaps is None else with_gaps(smooth, self.gaps(gaps(value)))
