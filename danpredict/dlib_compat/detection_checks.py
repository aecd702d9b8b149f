"""Checks of the arguments of `Detection`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.dlib_compat.state import PART_LIMIT


def _as_float32(values: Any) -> NDArray[np.float32]:
    array = np.array(values)
    if array.dtype.kind not in "iuf" and array.size:
        raise TypeError(f"values of {array.dtype}")
    with np.errstate(
        over="ignore"
    ):  # too large numbers become infinite; `check_finite` refuses them
        return array.astype(np.float32)


def check_finite(landmarks: NDArray[np.float32]) -> None:
    """Raise ValueError if a landmark is not finite, or not below 2 ** 47 pixels."""
    flat = landmarks.ravel().astype(np.float64)  # squares of float32 values cannot overflow in it
    if float(flat.dot(flat)) < PART_LIMIT:  # the common case, in one call
        return
    if not (np.abs(flat) < PART_LIMIT).all():  # NaN too
        raise ValueError(
            f"expected finite landmarks below 2 ** 47 where present, got {landmarks!r:.80}"
        )


def checked_array(name: str, values: Any, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """Copy an array as float32. None in ``shape`` allows any length.

    Raises
    ------
    ValueError
        Another shape, or values that are not numbers.
    """
    try:
        # The predictor passes float32.
        if isinstance(values, np.ndarray) and values.dtype == np.float32:
            array = np.array(values)
        else:
            array = _as_float32(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers for {name}, got {values!r:.80}: {error}") from error
    wanted = tuple("L" if length is None else length for length in shape)
    if array.ndim != len(shape) or any(
        length not in (None, actual) for length, actual in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"expected {name} of shape {wanted}, got {array.shape}")
    return array


def checked_confidence(value: Any) -> float:
    """Convert to a float from 0 to 1; ValueError for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number <= 1:
        raise ValueError(f"expected a confidence from 0 to 1, got {value!r:.80}")
    return number


def checked_present(values: Any, count: int) -> NDArray[np.bool_]:
    """Convert to an array of ``count`` bools; ValueError for anything else."""
    array = np.asarray(values)
    if array.shape != (count,) or array.dtype != np.bool_:
        raise ValueError(f"expected {count} bools for present, got {values!r:.80}")
    return array
