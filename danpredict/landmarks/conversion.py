"""Convert landmarks from one convention to another, by the maps in ``adapters/conventions/``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from danpredict.landmarks.convention import Convention, PointMap, write_ranges
from danpredict.landmarks.convention import convention as named_convention

HUB = "ibug68"  # two conventions without a map between them are converted through this one
EXACT, APPROXIMATE, MISSING = "exact", "approximate", "missing"


@dataclass(frozen=True)
class Conversion:
    """How M target landmarks are computed from L source landmarks.

    Attributes
    ----------
    weights : (M, L) float
        The sum of each row is 1, or 0 for a missing landmark.
    flags : tuple of M str
        ``"exact"``, ``"approximate"`` or ``"missing"`` for each target landmark.
    """

    weights: NDArray[np.float64]
    flags: tuple[str, ...]

    @property
    def missing(self) -> list[int]:
        """Target landmarks that cannot be computed."""
        return [i for i, flag in enumerate(self.flags) if flag == MISSING]

    def apply(self, landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert (..., L, K) values to (..., M, K).

        The result is NaN for missing landmarks and for those with a NaN among their sources.
        """
        unknown = np.isnan(landmarks)
        result = self.weights @ np.where(unknown, 0.0, landmarks)
        result[self.weights @ unknown > 0] = np.nan
        result[..., self.missing, :] = np.nan
        return result

    def then(self, second: Conversion) -> Conversion:
        """Chain two conversions: the result applies this one, then ``second``."""
        worst = []
        for row, flag in zip(second.weights, second.flags, strict=True):
            used = {self.flags[i] for i in np.flatnonzero(row)} | {flag}
            worst.append(next(f for f in (MISSING, APPROXIMATE, EXACT) if f in used))
        weights = second.weights @ self.weights
        weights[[flag == MISSING for flag in worst]] = 0
        return Conversion(weights, tuple(worst))


def _from_map(point_map: PointMap, size: int) -> Conversion:
    """The conversion of a map whose source convention has ``size`` landmarks."""
    weights = np.zeros((len(point_map.points), size))
    flags = []
    for i, sources in enumerate(point_map.points):
        for j in sources:
            weights[i, j] += 1 / len(sources)
        quality = APPROXIMATE if i in point_map.approximate else EXACT
        flags.append(quality if sources else MISSING)
    return Conversion(weights, tuple(flags))


def _inverse(point_map: PointMap, size: int) -> Conversion:
    """The inverse of a map whose source convention has ``size`` landmarks.

    Only landmarks that the map copies one to one can be inverted. All others are missing.
    """
    rows: list[tuple[int, ...]] = [()] * size
    approximate = set()
    for i, sources in enumerate(point_map.points):
        if len(sources) == 1:
            rows[sources[0]] = (i,)
            if i in point_map.approximate:
                approximate.add(sources[0])
    return _from_map(PointMap(tuple(rows), frozenset(approximate)), len(point_map.points))


def conversion(source: Convention, target: Convention) -> Conversion:
    """The conversion between two conventions.

    It uses a map from source to target if there is one, else the inverse of a map from target to
    source, else the conversions to and from ``ibug68``.

    Raises
    ------
    ValueError
        No such maps exist.
    """
    if source.name == target.name:
        return Conversion(np.eye(source.size), (EXACT,) * source.size)
    if target.name in source.gives:
        return _from_map(source.gives[target.name], source.size)
    if source.name in target.taken:
        return _from_map(target.taken[source.name], source.size)
    if target.name in source.taken:
        return _inverse(source.taken[target.name], target.size)
    if source.name in target.gives:
        return _inverse(target.gives[source.name], target.size)
    if HUB not in (source.name, target.name):
        hub = named_convention(HUB)
        return conversion(source, hub).then(conversion(hub, target))
    raise ValueError(
        f"expected conventions with a map between them, got {source.name} and {target.name}"
    )


def convert(
    points: ArrayLike, source: str, target: str, *, missing: str = "raise"
) -> NDArray[np.float64]:
    """Convert landmarks to another convention.

    ``danpredict.landmarks.conversion.conversion(...).flags`` says which landmarks of the result are
    exact, approximate or missing.

    Parameters
    ----------
    points : (..., L, 2) or (..., L, 3) float
        Landmarks of the source convention, in any frame. NaN stays NaN.
    source, target : str
        Names of conventions; see `danpredict.conventions`.
    missing : str
        What to do if the target has landmarks that cannot be computed from the source: ``"raise"``
        an error, or return NaN for them (``"nan"``).

    Returns
    -------
    (..., M, 2) or (..., M, 3) float64

    Raises
    ------
    ValueError
        An unknown convention, a wrong number of landmarks, no map between the conventions, or
        landmarks that cannot be computed.
    """
    if missing not in ("raise", "nan"):
        raise ValueError(f"expected missing 'raise' or 'nan', got {missing!r}")
    first, second = named_convention(source), named_convention(target)
    values = np.asarray(points, np.float64)
    if values.ndim < 2 or values.shape[-2] != first.size or values.shape[-1] not in (2, 3):
        raise ValueError(
            f"expected landmarks of {source}, (..., {first.size}, 2), got shape {values.shape}"
        )
    how = conversion(first, second)
    if how.missing and missing == "raise":
        raise ValueError(
            f"expected a convention with all its landmarks in {source}, got {target}: "
            f"landmarks {write_ranges(how.missing)} of {target} are missing. To leave them out, "
            "pass missing='nan' (in the shell: --gaps)."
        )
    return how.apply(values)


def mirror(points: ArrayLike, name: str, width: int) -> NDArray[np.float64]:
    """Mirror landmarks left to right, as if the picture were mirrored.

    Parameters
    ----------
    points : (..., L, 2) float, image pixels
    name : str
        Convention of the landmarks.
    width : int
        Width of the picture, pixels: column 0 becomes ``width - 1``.

    Returns
    -------
    (..., L, 2) float64
        In the order of the convention: a right eye is still the person's right eye.

    Raises
    ------
    ValueError
        An unknown convention, one without a mirror table, or a wrong number of landmarks.
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
