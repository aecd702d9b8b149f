"""The results of one run of ``compare.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import rectangles
from .accuracy import Accuracy
from .pictures import Side
from .robustness import Curves


@dataclass
class Findings:
    """The results of a run of ``compare.py``."""

    sides: list[Side] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    accuracy: Accuracy | None = None
    rectangles: rectangles.Rows | None = None
    robustness: Curves | None = None
    speed: dict[str, Any] | None = None

    def figures(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        pictures = [
            {"picture": s.title, "pixels_apart": s.apart, "confidence": s.confidence}
            for s in self.sides
        ]
        return {
            "pictures": pictures,
            "milliseconds": self.times,
            "accuracy": self.accuracy.figures() if self.accuracy else None,
            "rectangles": self.rectangles,
            "robustness": self.robustness,
            "speed": self.speed,
        }
