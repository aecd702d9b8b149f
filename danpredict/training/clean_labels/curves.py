"""Smooth curves through points, and points on them at fractions of the arc length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from danpredict.geometry.similarity import FloatArray

SAMPLES = 400  # of a smooth curve; one step is then below 0.1 pixels on the faces of 160 pixels


def arc_lengths(curve: FloatArray) -> NDArray[np.float64]:
    """Arc length (N,) from the first point to each point of a polyline (N, 2)."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def smooth_curve(points: FloatArray) -> NDArray[np.float64]:
    """A cubic spline through points (N, 2) with different neighbours, as a polyline."""
    lengths = arc_lengths(points)
    at = np.linspace(0, lengths[-1], SAMPLES)
    return np.asarray(CubicSpline(lengths, points)(at), np.float64)


def at_fractions(curve: FloatArray, fractions: Sequence[float] | FloatArray) -> NDArray[np.float64]:
    """Points (M, 2) of a polyline (N, 2) at fractions, 0 to 1, of its arc length."""
    lengths = arc_lengths(curve)
    at = np.asarray(fractions, np.float64) * lengths[-1]
    return np.stack([np.interp(at, lengths, curve[:, axis]) for axis in (0, 1)], axis=1)


def below(curve: FloatArray, heights: FloatArray) -> NDArray[np.float64]:
    """The middle part of a polyline (N, 2), from where ``heights`` (N,) first gets positive.

    The part starts and ends exactly at height 0, or at an end of the curve if that is positive.

    Raises
    ------
    ValueError
        No height is positive.
    """
    positive = np.flatnonzero(heights > 0)
    if not len(positive):
        raise ValueError("expected a curve with positive heights, got none")
    first, last = positive[0], positive[-1]
    parts = [curve[first : last + 1]]
    if first > 0:
        parts.insert(0, _crossing(curve, heights, first - 1)[None])
    if last < len(curve) - 1:
        parts.append(_crossing(curve, heights, last)[None])
    return np.concatenate(parts)


def _crossing(curve: FloatArray, heights: FloatArray, i: int) -> NDArray[np.float64]:
    """The point between ``i`` and ``i + 1`` with height 0."""
    share = heights[i] / (heights[i] - heights[i + 1])
    return np.asarray(curve[i] + share * (curve[i + 1] - curve[i]), np.float64)
