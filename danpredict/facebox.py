"""Rectangles of any detector in one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


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
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float | None = None
    source: str | None = None

    @classmethod
    def from_xywh(
        cls, x: float, y: float, width: float, height: float, source: str | None = None
    ) -> FaceBox:
        """From left, top, width and height, the order of OpenCV."""
        return cls(x, y, x + width - 1, y + height - 1, None, source)

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
        return them. For other orders see `FaceBox.from_xywh` and `FaceBox.from_css`.
    source : str, optional
        Name of the detector. Only a ``mmod_rectangle`` and a `FaceBox` tell it themselves.

    Raises
    ------
    TypeError
        No rectangle.
    ValueError
        Numbers that are not finite.
    """
    if isinstance(box, FaceBox):
        return box if source is None else replace(box, source=source)
    if hasattr(box, "rect") and hasattr(box, "confidence") and not hasattr(box, "parts"):
        found = face_box(box.rect, source or "dlib-cnn")
        return replace(found, score=float(box.confidence))
    if all(callable(getattr(box, side, None)) for side in ("left", "top", "right", "bottom")):
        return FaceBox(box.left(), box.top(), box.right(), box.bottom(), None, source)
    if isinstance(box, np.ndarray) or (
        isinstance(box, Sequence) and not isinstance(box, (str, bytes))
    ):
        try:
            row = np.asarray(box, float)
        except (TypeError, ValueError):
            row = np.empty(0)
        if row.shape in ((4,), (5,)):
            if not np.isfinite(row).all():
                raise ValueError(f"expected a finite left, top, right, bottom, got {row.tolist()}")
            left, top, right, bottom, *score = row.tolist()
            return FaceBox(left, top, right, bottom, score[0] if score else None, source)
    raise TypeError(
        "box must be a dlib rectangle, a danpredict.FaceBox or (left, top, right, bottom"
        f"[, score]), got {type(box).__module__}.{type(box).__qualname__}"
    )
