"""The One-Euro filter: steady where things rest, quick where they move.

Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems", CHI 2012.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry import FloatArray

FPS = 30.0  # frames a second, what the cut-offs below are meant for
LEAST, MOST = 6.0, 0.12  # Hz at rest, from hardly any smoothing to as much as there is
QUICKNESS = 0.1  # Hz more for each unit a second of speed
SPEED_CUTOFF = 1.0  # Hz; the paper's


def _weight(cutoff: FloatArray | float) -> FloatArray | float:
    """Of the new value, at one value a frame."""
    turn = 2 * np.pi * cutoff / FPS
    return turn / (turn + 1)


class OneEuroFilter:
    """Smooths arrays of one shape, element by element, one a frame.

    ``smoothing`` goes from just above 0, quick, to 1, smooth.
    """

    def __init__(self, smoothing: float) -> None:
        self.cutoff = LEAST * (MOST / LEAST) ** smoothing
        self.value: FloatArray | None = None
        self.speed: FloatArray | float = 0.0

    def __call__(self, value: FloatArray) -> NDArray[np.float64]:
        """The smoothed value; the first is taken as it is."""
        if self.value is None:
            self.value = np.array(value, float)
            return np.array(value, np.float64)
        speed = (value - self.value) * FPS
        self.speed = self.speed + _weight(SPEED_CUTOFF) * (speed - self.speed)
        weight = _weight(self.cutoff + QUICKNESS * np.abs(self.speed))
        self.value = self.value + weight * (value - self.value)
        return np.asarray(self.value, np.float64)
