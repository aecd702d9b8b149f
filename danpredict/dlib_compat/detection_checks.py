"""Checks of the arrays that a detection is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.dlib_compat.state import PART_LIMIT


def _as_float32(values: Any) -> NDArray[np.float32]:
    array = np.array(values)
    if array.dtype.kind not in "iuf" and array.size:
        raise TypeError(f"values of {array.dtype}")
    with np.errstate(over="ignore"):  # it becomes infinite, which is refused later
        return array.astype(np.float32)


def check_finite(landmarks: NDArray[np.float32]) -> None:
    """Raise ValueError for landmarks that are not finite, or at 2 ** 47 pixels or beyond."""
    flat = landmarks.ravel().astype(np.float64)  # squares of float32 values cannot overflow in it
    if float(flat.dot(flat)) < PART_LIMIT:  # nearly always, and in one call
        return
    if not (np.abs(flat) < PART_LIMIT).all():  # NaN too
        raise ValueError(
            f"expected finite landmarks below 2 ** 47 where present, got {landmarks!r:.80}"
        )


def checked_array(name: str, values: Any, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """A copy as float32. None in ``shape`` allows any length.

    Raises
    ------
    ValueError
        Another shape, or values that are not numbers.
    """
    try:
        if (
            isinstance(values, np.ndarray) and values.dtype == np.float32
        ):  # the predictor passes these
            array = np.array(values)
        else:
            array = _as_float32(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers for {name}, got {values!r:.80}: {error}") from error
    wanted = tuple("L" if side is None else side for side in shape)
    if array.ndim != len(shape) or any(
        side not in (None, found) for side, found in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"expected {name} of shape {wanted}, got {array.shape}")
    return array


def checked_confidence(value: Any) -> float:
    """A number from 0 to 1; ValueError for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number <= 1:
        raise ValueError(f"expected a confidence from 0 to 1, got {value!r:.80}")
    return number


def checked_present(values: Any, count: int) -> NDArray[np.bool_]:
    """An array of ``count`` bools; ValueError for anything else."""
    array = np.asarray(values)
    if array.shape != (count,) or array.dtype != np.bool_:
        raise ValueError(f"expected {count} bools for present, got {values!r:.80}")
    return array
