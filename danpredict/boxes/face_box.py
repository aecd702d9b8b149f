"""`FaceBox`: the box of a face, and its conversion from the boxes of any detector."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

MAX_FLOAT = sys.float_info.max
DLIB_BOX_LISTS = ("rectangles", "mmod_rectangles")
SIDES = ("left", "top", "right", "bottom")


def _number(name: str, value: object) -> float:
    """Convert a number to Python's int or float: sums of numpy's uint8 would overflow.

    Raises
    ------
    TypeError
        Not a number.
    ValueError
        NaN or infinite.
    """
    number: float
    if type(value) is float or type(value) is int:  # the common case, and fast
        number = value
    elif isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        number = value.item() if isinstance(value, np.generic) else float(value)
    else:
        raise TypeError(f"expected a number for {name}, got {value!r:.80} ({type(value).__name__})")
    if not -MAX_FLOAT <= number <= MAX_FLOAT:  # NaN too
        raise ValueError(f"expected a finite number for {name}, got {number!r:.80}")
    return number


@dataclass(frozen=True)
class FaceBox:
    """The box of a face in an image.

    Attributes
    ----------
    left, top, right, bottom : float
        Image pixels, inclusive as in dlib; the centre of the top-left pixel is (0, 0).
    score : float or None
        The detector's score, in the detector's own unit.
    source : str or None
        Name of the detector; its calibration is in ``adapters/detector_calibrations.json``. None
        for boxes as the model expects them. The shipped models expect boxes of dlib's HOG detector.

    Raises
    ------
    TypeError
        A coordinate or a score that is not a number (strings and bools are not), or a source that
        is not a string.
    ValueError
        A coordinate or a score that is NaN or infinite.
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
                object.__setattr__(self, name, number)  # the dataclass is frozen
        if self.source is not None and not isinstance(self.source, str):
            raise TypeError(f"expected the name of a detector as source, got {self.source!r:.80}")

    @classmethod
    def from_xywh(
        cls, x: float, y: float, width: float, height: float, source: str | None = None
    ) -> FaceBox:
        """A box from left, top, width and height, as OpenCV returns them; raises as `FaceBox`."""
        x, y = _number("x", x), _number("y", y)
        right, bottom = x + _number("width", width) - 1, y + _number("height", height) - 1
        return cls(x, y, right, bottom, None, source)

    @classmethod
    def from_css(
        cls, top: float, right: float, bottom: float, left: float, source: str | None = None
    ) -> FaceBox:
        """A box from top, right, bottom and left, as face_recognition returns them."""
        return cls(left, top, right, bottom, None, source)

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        return self.left, self.top, self.right, self.bottom


def face_box(box: Any, source: str | None = None) -> FaceBox:
    """Convert a box of any kind to a `FaceBox`.

    Parameters
    ----------
    box : FaceBox, dlib.rectangle, dlib.drectangle, dlib.mmod_rectangle, or 4 or 5 numbers
        Numbers are left, top, right, bottom and optionally a score, as face-alignment's detectors
        return them: a sequence, a numpy array or a torch tensor. For other orders, use
        `FaceBox.from_xywh` and `FaceBox.from_css`.
    source : str, optional
        Name of the detector. By default, a `FaceBox` keeps its source, a ``mmod_rectangle`` comes
        from ``"dlib-cnn"``, and other boxes have no source.

    Raises
    ------
    TypeError
        Not a box: for example a string, or a sequence of strings, bools or dates.
    ValueError
        Numbers that are not finite.
    """
    if isinstance(box, FaceBox):
        return box if source is None else replace(box, source=source)
    if all(callable(getattr(box, side, None)) for side in SIDES):
        return FaceBox(box.left(), box.top(), box.right(), box.bottom(), None, source)
    if hasattr(box, "rect") and hasattr(box, "confidence") and not hasattr(box, "parts"):
        without_score = face_box(box.rect, source or "dlib-cnn")
        return replace(without_score, score=box.confidence)
    row = _row(box)
    if row is not None and len(row) in (4, 5):
        if any(isinstance(value, float) and not math.isfinite(value) for value in row):
            raise ValueError(f"expected a finite left, top, right, bottom, got {row}")
        left, top, right, bottom, *score = row
        return FaceBox(left, top, right, bottom, score[0] if score else None, source)
    raise TypeError(
        "box must be a dlib rectangle, a danpredict.FaceBox or (left, top, right, bottom"
        f"[, score]), got {_described(box)}{_advice(box)}"
    )


def _row(box: Any) -> list[Any] | None:
    """The elements of a sequence, array or tensor as Python numbers; None for other boxes."""
    if type(box).__module__.partition(".")[0] == "torch" and hasattr(box, "detach"):
        box = box.detach().cpu()
        box = (box.double() if box.is_floating_point() else box).numpy()  # numpy has no bfloat16
    if isinstance(box, np.ndarray):
        numeric = box.ndim == 1 and box.dtype.kind in "iuf"
        return box.tolist() if numeric else None
    if isinstance(box, Sequence) and not isinstance(box, str | bytes | bytearray | memoryview):
        # Scalars of numpy and torch become Python numbers. Nested lists stay lists: not numbers.
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


def _advice(box: object) -> str:
    """Advice for the most common mistake, several boxes instead of one; "" for other mistakes."""
    several = type(box).__name__ in DLIB_BOX_LISTS or (
        isinstance(box, Sequence | np.ndarray)
        and getattr(box, "ndim", 1) > 0
        and len(box) > 0
        and _is_box(box[0])
    )
    return ". For several boxes in one image, use predictor.predict(image, rects)" * several


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
