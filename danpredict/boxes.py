"""Where the landmarks lie inside a detector's rectangle, from ``adapters/boxes.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from danpredict.geometry import Box
from danpredict.resources import data_folder


@dataclass(frozen=True)
class BoxCalibration:
    """The tight landmark box in fractions of a detector's rectangle.

    0 is the centre of its left or top pixel, and 1 lies its inclusive width or height further.
    """

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> BoxCalibration:
        """From an entry of ``boxes.json`` or of a model file; other keys are left alone."""
        return cls(entry["left"], entry["top"], entry["right"], entry["bottom"])

    def landmark_box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """The landmark box expected in a rectangle.

        Parameters
        ----------
        left, top, right, bottom : float
            Image pixels, inclusive as in dlib: the width is ``right - left + 1``.
        """
        width, height = right - left + 1, bottom - top + 1
        return Box(
            left + self.left * width,
            top + self.top * height,
            left + self.right * width,
            top + self.bottom * height,
        )


@cache
def box_calibration(source: str) -> BoxCalibration:
    """Calibration of a named detector.

    Raises
    ------
    ValueError
        No detector of that name; the known ones are listed.
    """
    table = json.loads((data_folder("adapters") / "boxes.json").read_text("utf-8"))
    if source not in table:
        raise ValueError(f"expected a box source out of {sorted(table)}, got {source!r}")
    return BoxCalibration.read(table[source])
