"""What measurements need: landmarks of the right convention, and the deviation of each axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.landmarks.convention import DLIB_CONVENTIONS, convention

MEASURED_CONVENTION = "ibug68"


def usable_landmarks(
    landmarks: Any, name: str | None, purpose: str, needed: tuple[int, ...] | None = None
) -> NDArray[np.float64]:
    """The landmarks (68, 2), checked.

    Parameters
    ----------
    landmarks : (68, 2) float
    name : str or None
        Name of their convention. Without one, 68 landmarks are ``ibug68``, as in dlib.
    purpose : str
        What they are for, such as "a head pose"; for the error message.
    needed : tuple of int, optional
        The landmarks that must be finite; all of them by default.

    Raises
    ------
    ValueError
        Another convention or number of landmarks, or a needed landmark that is not finite.
    """
    points: NDArray[np.float64] = np.asarray(landmarks, np.float64)
    found = name or DLIB_CONVENTIONS.get(len(points), f"{len(points)} unnamed landmarks")
    if found != MEASURED_CONVENTION or points.shape != (convention(found).size, 2):
        raise ValueError(
            f"expected 68 landmarks of {MEASURED_CONVENTION} for {purpose}, got {found} of shape "
            f"{points.shape}: use a predictor without convention="
        )
    indices = np.arange(len(points)) if needed is None else np.array(needed)
    bad = indices[~np.isfinite(points[indices]).all(1)]
    if len(bad):
        raise ValueError(
            f"expected finite landmarks for {purpose}, got NaN or infinity for landmarks "
            f"{bad.tolist()}"
        )
    return points


def axis_deviation(sigma: Any) -> NDArray[np.float64]:
    """Standard deviation along each axis, (L,) pixels, of landmarks with expected errors (L,).

    sigma is the expected distance ``E|e|`` from the true place. If the error is an isotropic normal
    distribution in the plane, its length has a Rayleigh distribution, whose mean is
    ``s sqrt(pi / 2)`` (Papoulis and Pillai, "Probability, Random Variables and Stochastic
    Processes", 4th edition, section 5-4).
    """
    return np.asarray(np.asarray(sigma, np.float64) / np.sqrt(np.pi / 2), np.float64)
