"""Rectangles: every kind that is taken, with odd numbers in it, and anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dlib
import numpy as np

from danpredict import FaceBox, face_box
from danpredict.detectors.load import detectors

from .harness import Rng, attempt
from .mutations import number, pick, value
from .shared import check_detection, face_picture, predictor

NAMED = (TypeError, ValueError)  # by FaceBox, face_box and DANShapePredictor for a rectangle


def _row(rng: Rng) -> Any:
    """Numbers in a sequence of some kind."""
    import torch

    count = int(rng.choice([4, 4, 4, 5, 5, 3, 0, 8]))
    plain = [float(v) for v in rng.normal(80, 60, count)]
    dtype = pick(rng, ["u1", "i2", "i8", "f2", ">f4", "f8", "?", "c8", "O", "U5", "M8[s]", "u8"])
    with np.errstate(all="ignore"):
        kinds: list[Callable[[], Any]] = [
            lambda: [number(rng) for _ in range(count)],
            lambda: tuple(value(rng) for _ in range(count)),
            lambda: np.array(plain).astype("i8").astype(dtype),
            lambda: np.array([plain]),
            lambda: torch.tensor(plain, dtype=pick(rng, [torch.float16, torch.int64, torch.bool])),
            lambda: torch.tensor(plain, requires_grad=True),
            lambda: [torch.tensor(v) for v in plain],
            lambda: list(np.array(plain, "f4")),
            lambda: np.array(plain)[::-1],
        ]
        return pick(rng, kinds)()


def _of_dlib(rng: Rng) -> Any:
    sides = [int(v) for v in rng.normal(80, 10.0 ** rng.integers(0, 17), 4)]
    floats = [float(min(number(rng), 1e300)) for _ in range(4)]
    rect = dlib.rectangle(*sides)
    kinds: list[Callable[[], Any]] = [
        lambda: rect,
        lambda: dlib.drectangle(*floats),
        lambda: SimpleNamespace(rect=rect, confidence=value(rng)),  # as dlib's CNN detector's
        lambda: dlib.rectangles([rect, rect]),
        dlib.rectangle,
        lambda: dlib.point(1, 2),
        lambda: dlib.full_object_detection(rect, []),
    ]
    return pick(rng, kinds)()


def _of_ours(rng: Rng) -> Any:
    makers: list[Callable[..., FaceBox]] = [FaceBox, FaceBox.from_xywh, FaceBox.from_css]
    make = pick(rng, makers)
    sides = [number(rng) if rng.random() < 0.8 else value(rng) for _ in range(4)]
    rest = [value(rng), value(rng)] if make is FaceBox and rng.random() < 0.3 else []
    return attempt(NAMED, make, *sides, *rest)


def case(rng: Rng, folder: Path) -> None:
    """One rectangle, with or without the name of a detector; one in ten goes on to landmarks."""
    box = pick(rng, [_row, _row, _of_dlib, _of_ours, value])(rng)
    source = pick(rng, [None, None, *detectors(), "", "unknown", value(rng)])
    found = attempt(NAMED, face_box, box, source)
    if found is not None:
        assert np.isfinite(found.sides).all()
        assert all(isinstance(side, int | float | np.number) for side in found.sides)
    if found is None or rng.random() < 0.3:
        one = attempt(NAMED, lambda: predictor()(face_picture(), box, source=source))
        several = attempt(NAMED, lambda: predictor().predict(face_picture(), box, source=source))
        for detection in [one] * (one is not None) + (several or []):
            check_detection(detection)
