"""Landmarks of one convention from those of another, by the maps in ``adapters/*.json``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danpredict.landmarks.convention import Convention, PointMap, write_ranges
from danpredict.landmarks.convention import convention as named_convention

HUB = "ibug68"  # conventions without a map of their own are converted by way of this one
EXACT, APPROXIMATE, MISSING = "exact", "approximate", "missing"


@dataclass(frozen=True)
class Conversion:
    """How M target points come from L source points.

    Attributes
    ----------
    weights : (M, L) float
        Rows add up to 1; a row of zeros where a point is missing.
    flags : M times ``"exact"``, ``"approximate"`` or ``"missing"``
    """

    weights: NDArray[np.float64]
    flags: tuple[str, ...]

    @property
    def missing(self) -> list[int]:
        """Target points that cannot be had."""
        return [i for i, flag in enumerate(self.flags) if flag == MISSING]

    def apply(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(..., L, K) values to (..., M, K); NaN where points are missing or come from NaN."""
        unknown = np.isnan(points)
        result = self.weights @ np.where(unknown, 0.0, points)
        result[self.weights @ unknown > 0] = np.nan
        result[..., self.missing, :] = np.nan
        return result

    def then(self, second: Conversion) -> Conversion:
        """The two in turn, `second` after this."""
        worst = []
        for row, flag in zip(second.weights, second.flags, strict=True):
            used = {self.flags[i] for i in np.flatnonzero(row)} | {flag}
            worst.append(next(f for f in (MISSING, APPROXIMATE, EXACT) if f in used))
        weights = second.weights @ self.weights
        weights[[flag == MISSING for flag in worst]] = 0
        return Conversion(weights, tuple(worst))


def _from_map(points: PointMap, size: int) -> Conversion:
    weights = np.zeros((len(points.points), size))
    flags = []
    for i, sources in enumerate(points.points):
        for j in sources:
            weights[i, j] += 1 / len(sources)
        near = APPROXIMATE if i in points.approximate else EXACT
        flags.append(near if sources else MISSING)
    return Conversion(weights, tuple(flags))


def _backwards(points: PointMap, size: int) -> Conversion:
    """The points that a map takes over one by one, the other way; the rest is missing."""
    rows: list[tuple[int, ...]] = [()] * size
    near = set()
    for i, sources in enumerate(points.points):
        if len(sources) == 1:
            rows[sources[0]] = (i,)
            if i in points.approximate:
                near.add(sources[0])
    return _from_map(PointMap(tuple(rows), frozenset(near)), len(points.points))


def conversion(source: Convention, target: Convention) -> Conversion:
    """The map between two conventions: their own, one read backwards, or by way of ibug68.

    Raises
    ------
    ValueError
        There is none.
    """
    if source.name == target.name:
        return Conversion(np.eye(source.size), (EXACT,) * source.size)
    if target.name in source.gives:
        return _from_map(source.gives[target.name], source.size)
    if source.name in target.taken:
        return _from_map(target.taken[source.name], source.size)
    if target.name in source.taken:
        return _backwards(source.taken[target.name], target.size)
    if source.name in target.gives:
        return _backwards(target.gives[source.name], target.size)
    if HUB not in (source.name, target.name):
        hub = named_convention(HUB)
        return conversion(source, hub).then(conversion(hub, target))
    raise ValueError(f"expected conventions with a map, got {source.name} and {target.name}")


def convert(
    points: ArrayLike, source: str, target: str, *, missing: str = "raise"
) -> NDArray[np.float64]:
    """Landmarks in another convention.

    Parameters
    ----------
    points : (..., L, 2) or (..., L, 3) float
        Of the source convention, in any frame; NaN stays NaN.
    source, target : str
        Names out of `danpredict.conventions`.
    missing : str
        ``"raise"``, or ``"nan"`` to get NaN for points that the source does not hold. Which points
        are exact and which approximate: ``danpredict.landmarks.conversion.conversion(...).flags``.

    Returns
    -------
    (..., M, 2) or (..., M, 3) float64

    Raises
    ------
    ValueError
        An unknown convention, another number of points, no map, or points that are missing.
    """
    if missing not in ("raise", "nan"):
        raise ValueError(f"expected missing 'raise' or 'nan', got {missing!r}")
    first, second = named_convention(source), named_convention(target)
    values = np.asarray(points, np.float64)
    if values.ndim < 2 or values.shape[-2] != first.size or values.shape[-1] not in (2, 3):
        raise ValueError(
            f"expected landmarks of {source}, (..., {first.size}, 2), got shape {values.shape}"
        )
    found = conversion(first, second)
    if found.missing and missing == "raise":
        raise ValueError(
            f"expected a convention that {source} holds, got {target}: its points "
            f"{write_ranges(found.missing)} are not there (missing='nan' leaves them out)"
        )
    return found.apply(values)


def mirror(points: ArrayLike, name: str, width: int) -> NDArray[np.float64]:
    """Landmarks of the mirrored picture, in the convention's order.

    Parameters
    ----------
    points : (..., L, 2) float, image pixels
    name : str
        The landmarks' convention.
    width : int
        Of the picture: pixel 0 becomes ``width - 1``.

    Raises
    ------
    ValueError
        An unknown convention, one without a mirror table, or another number of points.
    """
    convention = named_convention(name)
    if convention.mirror is None:
        raise ValueError(f"expected a convention with a mirror table, got {name}")
    values = np.asarray(points, np.float64)
    if values.ndim < 2 or values.shape[-2:] != (convention.size, 2):
        raise ValueError(
            f"expected (..., {convention.size}, 2) landmarks, got shape {values.shape}"
        )
    flipped = values[..., list(convention.mirror), :].copy()
    flipped[..., 0] = width - 1 - flipped[..., 0]
    return flipped
