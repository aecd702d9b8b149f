"""Rectangles of any detector in one form."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LARGEST = sys.float_info.max
SEVERAL = ("rectangles", "mmod_rectangles")  # dlib's lists
SIDES = ("left", "top", "right", "bottom")


def _number(name: str, value: object) -> float:
    """A number as Python's own: numpy's uint8 would wrap around in what follows.

    Raises
    ------
    TypeError
        No number.
    ValueError
        NaN, or infinite.
    """
    number: float
    if type(value) is float or type(value) is int:  # nearly always, and fast
        number = value
    elif isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number = value.item() if isinstance(value, np.generic) else float(value)
    else:
        raise TypeError(f"expected a number for {name}, got {value!r:.80} ({type(value).__name__})")
    if not -LARGEST <= number <= LARGEST:  # NaN too
        raise ValueError(f"expected a finite number for {name}, got {number!r:.80}")
    return number


@dataclass(frozen=True)
class FaceBox:
    """Where a detector sees a face.

    Attributes
    ----------
    left, top, right, bottom : float
        Image pixels, inclusive as in dlib; the centre of the top-left pixel is (0, 0).
    score : float or None
        The detector's own, in its own unit.
    source : str or None
        Name of the detector, whose calibration is in ``adapters/boxes.json``; None for rectangles
        as the model expects them, which for the shipped ones is dlib's HOG detector.

    Raises
    ------
    TypeError
        A side or a score that is no number (a string or a bool is none), or a source that is no
        string.
    ValueError
        A side or a score that is NaN or infinite.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        for name in SIDES if self.score is None else (*SIDES, "score"):
            value = getattr(self, name)
            number = _number(name, value)
            if number is not value:
                object.__setattr__(self, name, number)  # the way to set it in a frozen dataclass
        if self.source is not None and not isinstance(self.source, str):
            raise TypeError(f"expected the name of a detector as source, got {self.source!r:.80}")

    @classmethod
    def from_xywh(
        cls, x: float, y: float, width: float, height: float, source: str | None = None
    ) -> FaceBox:
        """From left, top, width and height, the order of OpenCV; raises as `FaceBox`."""
        x, y = _number("x", x), _number("y", y)
        right, bottom = x + _number("width", width) - 1, y + _number("height", height) - 1
        return cls(x, y, right, bottom, None, source)

    @classmethod
    def from_css(
        cls, top: float, right: float, bottom: float, left: float, source: str | None = None
    ) -> FaceBox:
        """From top, right, bottom and left, the order of face_recognition."""
        return cls(left, top, right, bottom, None, source)

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        return self.left, self.top, self.right, self.bottom


def face_box(box: Any, source: str | None = None) -> FaceBox:
    """Take a rectangle of any kind.

    Parameters
    ----------
    box : FaceBox, dlib.rectangle, dlib.drectangle, dlib.mmod_rectangle, or 4 or 5 numbers
        Numbers are left, top, right, bottom and perhaps a score, as face-alignment's detectors
        return them, in a sequence, a numpy array or a torch tensor. For other orders see
        `FaceBox.from_xywh` and `FaceBox.from_css`.
    source : str, optional
        Name of the detector. Only a ``mmod_rectangle`` and a `FaceBox` tell it themselves.

    Raises
    ------
    TypeError
        No rectangle; among these strings, bytes, and rows of strings, bools or dates.
    ValueError
        Numbers that are not finite.
    """
    if isinstance(box, FaceBox):
        return box if source is None else replace(box, source=source)
    if hasattr(box, "rect") and hasattr(box, "confidence") and not hasattr(box, "parts"):
        found = face_box(box.rect, source or "dlib-cnn")
        return replace(found, score=box.confidence)
    if all(callable(getattr(box, side, None)) for side in ("left", "top", "right", "bottom")):
        return FaceBox(box.left(), box.top(), box.right(), box.bottom(), None, source)
    row = _row(box)
    if row is not None and len(row) in (4, 5):
        if any(isinstance(value, float) and not math.isfinite(value) for value in row):
            raise ValueError(f"expected a finite left, top, right, bottom, got {row}")
        left, top, right, bottom, *score = row
        return FaceBox(left, top, right, bottom, score[0] if score else None, source)
    raise TypeError(
        "box must be a dlib rectangle, a danpredict.FaceBox or (left, top, right, bottom"
        f"[, score]), got {_described(box)}{_hint(box)}"
    )


def _row(box: Any) -> list[Any] | None:
    """The elements of what may be a row of numbers, as Python's own; None for anything else."""
    if type(box).__module__.partition(".")[0] == "torch" and hasattr(box, "detach"):
        box = box.detach().cpu()
        box = (box.double() if box.is_floating_point() else box).numpy()  # numpy has no bfloat16
    if isinstance(box, np.ndarray):
        numeric = box.ndim == 1 and box.dtype.kind in "iuf"
        return box.tolist() if numeric else None
    if isinstance(box, Sequence) and not isinstance(box, str | bytes | bytearray | memoryview):
        # Elements of numpy and torch become Python's; a list in a list stays one, and is refused.
        row = [value.item() if getattr(value, "ndim", None) == 0 else value for value in box]
        return row if len(row) not in (4, 5) or all(map(_is_number, row)) else None
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _described(box: object) -> str:
    kind = f"{type(box).__module__}.{type(box).__qualname__}".removeprefix("builtins.")
    if isinstance(box, np.ndarray):
        return f"{kind} of {box.dtype}, shape {box.shape}"
    return f"{kind} {box!r:.80}"


def _hint(box: object) -> str:
    """What to do with several rectangles in one: the commonest mistake."""
    several = type(box).__name__ in SEVERAL or (
        isinstance(box, Sequence | np.ndarray)
        and getattr(box, "ndim", 1) > 0
        and len(box) > 0
        and _is_box(box[0])
    )
    return ". For several rectangles of an image use predictor.predict(image, rects)" * several


def _is_box(item: object) -> bool:
    return (
        isinstance(item, FaceBox)
        or all(hasattr(item, side) for side in SIDES)
        or hasattr(item, "rect")
        or (
            isinstance(item, Sequence | np.ndarray)
            and getattr(item, "ndim", 1) > 0
            and len(item) in (4, 5)
        )
    )
