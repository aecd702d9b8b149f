"""dlib's serialised state of a detection. It keeps the fractions of landmarks.

dlib calls landmarks parts. Its Python constructor takes whole pixels only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.dlib_compat.library import HAVE_DLIB, dlib, rectangle

ABSENT = 2**51 - 1  # x and y of dlib's OBJECT_PART_NOT_PRESENT, which has no name in Python
PART_LIMIT = 2**47  # pixels; a larger value, with its fraction, does not fit into 63 bits
FRACTION = 16  # bits for the fraction: steps of 1/65536 pixel
COORDINATE = np.dtype(
    [("sign", "u1"), ("mantissa", "<u8"), ("exponent_sign", "u1"), ("exponent", "u1")]
)


def _packed(value: int) -> bytes:
    """An integer in dlib's format: one byte for length and sign, then the magnitude."""
    magnitude = abs(value)
    data = magnitude.to_bytes(max(1, (magnitude.bit_length() + 7) // 8), "little")
    return bytes([len(data) | (0x80 if value < 0 else 0)]) + data


def dlib_state(rect: Any, landmarks: NDArray[np.floating], present: NDArray[np.bool_]) -> bytes:
    """The state from which dlib 20.0.1 unpickles a detection with fractions of pixels.

    This is the format of dlib's ``serialize`` for ``full_object_detection``, version 2: the
    rectangle, then each coordinate as a mantissa and a power of two.

    Parameters
    ----------
    rect : rectangle
    landmarks : (L, 2) float, image pixels
        Below `PART_LIMIT` where present.
    present : (L,) bool
        Other landmarks become dlib's "not present".
    """
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    head = b"".join(map(_packed, (2, *sides, len(landmarks))))
    coordinates = np.empty(landmarks.size, COORDINATE)
    known = landmarks.astype(np.float64)
    all_present = bool(present.all())
    if not all_present:
        known[~present] = 0
    mantissa = np.round(known.ravel() * 2**FRACTION).astype(np.int64)
    coordinates["sign"] = np.where(mantissa < 0, 0x88, 0x08)
    coordinates["mantissa"] = np.abs(mantissa)
    coordinates["exponent_sign"] = 0x81
    coordinates["exponent"] = FRACTION
    if not all_present:
        coordinates[~np.repeat(present, 2)] = (0x08, ABSENT, 0x01, 0)
    return head + coordinates.tobytes()


def restore_state(detection: Any, state: bytes) -> None:
    """Set the state of a dlib detection to one of `dlib_state`."""
    detection.__setstate__((state,))


def _keeps_fractions() -> bool:
    """Whether the installed dlib keeps fractions. Versions from 20.0.1 on do."""
    if not HAVE_DLIB:
        return False
    try:
        probe = dlib.full_object_detection.__new__(dlib.full_object_detection)
        probe.__setstate__(
            (dlib_state(rectangle(1, 2, 3, 4), np.array([[0.75, -2.25]]), np.ones(1, bool)),)
        )
        parts = [(p.x, p.y) for p in probe.parts()]
    except RuntimeError:
        return False
    return probe.rect == rectangle(1, 2, 3, 4) and parts == [(1, -2)]


DLIB_KEEPS_FRACTIONS = _keeps_fractions()
