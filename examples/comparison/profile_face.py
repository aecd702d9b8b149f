"""Time of the parts of one call of danpredict, for ``compare.py --speed``."""

from __future__ import annotations

import copy
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import danpredict
from danpredict.geometry.face_frames import FaceFrames
from danpredict.geometry.similarity import Target

SAMPLING = "gray and sampling (OpenCV)"
SIMILARITY = "similarity between the stages"
NETWORK = "stage {}'s network (ONNX Runtime)"
REST = "the rest: box, checks, detection"


class Clock:
    """Adds up the time that wrapped functions take."""

    def __init__(self) -> None:
        self.taken: dict[str, float] = defaultdict(float)

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function; its time is added to the part."""

        def wrapped(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*args, **options)
            finally:
                self.taken[part] += time.perf_counter() - start

        return wrapped


def profile(
    file: Path, image: Any, rect: Any, between: Callable[[], object], seconds: float
) -> dict[str, float]:
    """Median milliseconds of each part of a call for one face on one thread.

    ``between`` is called before every face. It fills the caches as dlib does in a comparison.
    """
    predictor = danpredict.DANShapePredictor(str(file), threads=1)
    clock = Clock()
    timed: Any = copy.copy(predictor._cascade)
    timed.stages = [
        SimpleNamespace(run=clock.timed(NETWORK.format(number), stage.run))
        for number, stage in enumerate(timed.stages, 1)
    ]
    predictor._cascade = timed
    calls: list[dict[str, float]] = []
    with (
        patch.object(FaceFrames, "sample", clock.timed(SAMPLING, FaceFrames.sample)),
        patch.object(Target, "fits", clock.timed(SIMILARITY, Target.fits)),
    ):
        predictor(image, rect)  # warm-up
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(calls) < 7:
            between()
            clock.taken.clear()
            start = time.perf_counter()
            predictor(image, rect)
            whole = time.perf_counter() - start
            calls.append({**clock.taken, REST: whole - sum(clock.taken.values())})
    return {part: 1000 * statistics.median(call[part] for call in calls) for part in calls[0]}


def profile_rows(parts: dict[str, float]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows: each part, its milliseconds and its share, the largest first."""
    whole = sum(parts.values())
    rows = [
        [part, f"{parts[part]:.2f}", f"{100 * parts[part] / whole:.0f} %"]
        for part in sorted(parts, key=lambda name: -parts[name])
    ]
    return ["where the time of one face goes, 1 thread", "ms", "share"], rows
