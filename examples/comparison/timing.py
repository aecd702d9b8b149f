"""Time calls in turn, so that a temporary slowdown of the machine slows all of them alike."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.evaluate import Predictor

LEAST = 7  # turns

Call = Callable[[], object]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Timing:
    """Median and quartiles (``low``, ``high``), milliseconds; ratio to the first call."""

    median: float
    low: float
    high: float
    ratio: float


def take_turns(
    calls: Mapping[Key, Call], seconds: float, *, least: int = LEAST, warm_up: int = 2
) -> dict[Key, list[float]]:
    """Milliseconds of calls in turn, in shuffled order.

    Parameters
    ----------
    calls : mapping
    seconds : float
        New turns start for this long.
    least : int
        The number of turns even if they take longer.
    warm_up : int
        Calls of each before the first turn.
    """
    order = random.Random(0)
    taken: dict[Key, list[float]] = {key: [] for key in calls}
    for call in calls.values():
        for _ in range(warm_up):
            call()
    end = time.perf_counter() + seconds
    turns = 0
    while time.perf_counter() < end or turns < least:
        turns += 1
        for key in order.sample(list(calls), len(calls)):
            start = time.perf_counter()
            calls[key]()
            taken[key].append(1000 * (time.perf_counter() - start))
    return taken


def median_ratio(times: list[float], others: list[float]) -> float:
    """Median of the ratios of neighbouring calls."""
    return statistics.median(a / b for a, b in zip(times, others, strict=True))


def interleaved(calls: Mapping[str, Call], seconds: float) -> dict[str, Timing]:
    """Time calls in turn; see `take_turns`."""
    taken = take_turns(calls, seconds)
    first = next(iter(taken.values()))
    timings = {}
    for name, times in taken.items():
        low, median, high = statistics.quantiles(times, n=4)
        timings[name] = Timing(median, low, high, median_ratio(times, first))
    return timings


class Timed:
    """A predictor that records the time of each call."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.milliseconds: list[float] = []
        self.rects: list[Any] = []

    def __call__(self, image: Any, rect: Any) -> Any:
        """Call the predictor and record the time."""
        start = time.perf_counter()
        detection = self.predictor(image, rect)
        self.milliseconds.append(1000 * (time.perf_counter() - start))
        self.rects.append(rect)
        return detection

    def median(self, faces: Sequence[LabelledFace]) -> float:
        """Median milliseconds of the calls on these faces, without calls on the background."""
        sides = {tuple(map(round, face.box)) for face in faces if face.box}
        times = [
            milliseconds
            for milliseconds, rect in zip(self.milliseconds, self.rects, strict=True)
            if (rect.left(), rect.top(), rect.right(), rect.bottom()) in sides
        ]
        return statistics.median(times)
