"""dlib's serialised state of a detection. It keeps the fractions of landmarks.

dlib calls landmarks parts. Its Python constructor takes whole pixels only.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.dlib_compat.library import (
    HAVE_DLIB,
    dlib,
    full_object_detection,
    point,
    rectangle,
)

ABSENT = 2**51 - 1  # x and y of dlib's OBJECT_PART_NOT_PRESENT, which has no name in Python
PART_LIMIT = 2**47  # pixels; a larger value, with its fraction, does not fit into 63 bits
FRACTION = 16  # bits for the fraction: steps of 1/65536 pixel
COORDINATE = np.dtype(
    [("sign", "u1"), ("mantissa", "<u8"), ("exponent_sign", "u1"), ("exponent", "u1")]
)


VERSION = b"\x01\x02"  # 2, in one byte
INTEGER = struct.Struct("<BQ")  # number of bytes with a bit for the sign, then the magnitude


def _packed(value: int) -> bytes:
    """An integer of 8 bytes in dlib's format."""
    return INTEGER.pack(0x88 if value < 0 else 0x08, abs(value))


@cache
def _zeros(count: int) -> NDArray[np.void]:
    """The state of ``count`` coordinates that are 0, with a fraction of `FRACTION` bits."""
    return np.full(count, np.array((0x08, 0, 0x81, FRACTION), COORDINATE))


def dlib_state(
    rect: Any, landmarks: NDArray[np.floating], present: NDArray[np.bool_] | None = None
) -> bytes:
    """The state from which dlib 20.0.1 unpickles a detection with fractions of pixels.

    This is the format of dlib's ``serialize`` for ``full_object_detection``, version 2: the
    rectangle, then each coordinate as a mantissa and a power of two.

    Parameters
    ----------
    rect : rectangle
    landmarks : (L, 2) float, image pixels
        Below `PART_LIMIT` where present.
    present : (L,) bool, optional
        Other landmarks become dlib's "not present". All are present by default.
    """
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    head = VERSION + b"".join(map(_packed, (*sides, len(landmarks))))
    coordinates = _zeros(landmarks.size).copy()
    mantissa = np.rint(landmarks.ravel() * 2**FRACTION)
    absent = None if present is None else ~np.repeat(present, 2)
    if absent is not None:
        mantissa[absent] = 0
    if mantissa.min(initial=0) < 0:
        coordinates["sign"][mantissa < 0] = 0x88
        np.abs(mantissa, out=mantissa)
    coordinates["mantissa"] = mantissa
    if absent is not None:
        coordinates[absent] = (0x08, ABSENT, 0x01, 0)
    return head + coordinates.tobytes()


def _keeps_fractions() -> bool:
    """Whether the installed dlib keeps fractions. Versions from 20.0.1 on do."""
    if not HAVE_DLIB:
        return False
    try:
        probe = dlib.full_object_detection.__new__(dlib.full_object_detection)
        probe.__setstate__((dlib_state(rectangle(1, 2, 3, 4), np.array([[0.75, -2.25]])),))
        parts = [(p.x, p.y) for p in probe.parts()]
    except RuntimeError:
        return False
    return probe.rect == rectangle(1, 2, 3, 4) and parts == [(1, -2)]


DLIB_KEEPS_FRACTIONS = _keeps_fractions()


def set_parts(
    detection: Any,
    rect: rectangle,
    landmarks: NDArray[np.floating],
    present: NDArray[np.bool_] | None,
) -> NDArray[np.bool_]:
    """Set the rectangle and the parts of a dlib detection or its stand-in.

    Returns
    -------
    (L,) bool
        ``present``, or all True if it is None.
    """
    known = np.ones(len(landmarks), bool) if present is None else present
    if DLIB_KEEPS_FRACTIONS:
        detection.__setstate__((dlib_state(rect, landmarks, present),))
        return known
    values = np.where(known[:, None], landmarks.astype(np.float64), 0)
    rounded = np.floor(values + 0.5).astype(np.int64)
    rounded[~known] = ABSENT
    parts = [point(x, y) for x, y in rounded.tolist()]
    full_object_detection.__init__(detection, rect, parts)
    return known
