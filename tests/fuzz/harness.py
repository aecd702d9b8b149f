"""Gives many odd inputs to one target; every input can be made again from its number."""

from __future__ import annotations

import shutil
import signal
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

MOST_SHOWN = 10

Rng = np.random.Generator
Case = Callable[[Rng, Path], None]  # makes one input, gives it to the target, checks the answer


class Hang(BaseException):
    """No Exception, so that no handler in the target swallows it."""


@dataclass(frozen=True)
class Area:
    """A kind of input.

    Attributes
    ----------
    name : str
    share : int
        Inputs out of 2,000.
    case : callable
        Is given a generator of random numbers and an empty folder.
    seconds : float
        An input that takes longer counts as a hang.
    """

    name: str
    share: int
    case: Case
    seconds: float = 10.0


def attempt(allowed: tuple[type[Exception], ...], target: Callable[..., Any], *args: Any) -> Any:
    """The target's answer, or None where it raised what its documentation names."""
    try:
        return target(*args)
    except allowed:
        return None


def succeeds(allowed: tuple[type[Exception], ...], target: Callable[..., Any], *args: Any) -> bool:
    """Whether the target returned; False where it raised what its documentation names."""
    try:
        target(*args)
    except allowed:
        return False
    return True


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `Hang` after so many seconds, where the system has timers and in the main thread."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang(f"no answer after {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run_case(area: Area, seed: int, number: int, folder: Path) -> str | None:
    """Run one input; what went wrong as text, or None."""
    place = folder / f"case{number}"
    place.mkdir(parents=True)
    rng = np.random.default_rng([seed, zlib.crc32(area.name.encode()), number])
    try:
        with time_limit(area.seconds):
            area.case(rng, place)
    except (Exception, Hang):
        again = f"python -m tests.fuzz {area.name} --seed {seed} --first {number} --count 1"
        return f"{again}\n{traceback.format_exc(limit=-6)}"
    finally:
        shutil.rmtree(place)
    return None


def run_area(area: Area, seed: int, numbers: range, folder: Path) -> list[str]:
    """Run many inputs; what went wrong, one text for each that failed."""
    results = (run_case(area, seed, number, folder) for number in numbers)
    return [failure for failure in results if failure is not None]


def summary(failures: list[str], count: int) -> str:
    """The first failures, and how to run them again."""
    shown = "\n".join(failures[:MOST_SHOWN])
    return f"{len(failures)} of {count} inputs failed. To run one again:\n{shown}"
