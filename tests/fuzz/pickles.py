"""Pickles: states that no object of ours has, and damaged bytes of ones that it has."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from danpredict import DANShapePredictor
from danpredict.dlib_compat.detection import Detection, _restore
from danpredict.dlib_compat.library import rectangle
from danpredict.predictor.options import Options

from .harness import Rng, attempt, succeeds
from .model_files import damaged_file
from .mutations import damaged, pick, value
from .shared import SIDES, check_detection, face_picture, model, predictor

KEYS = ("landmarks", "sigma", "confidence", "stages", "present", "convention")


@cache
def _detection() -> Detection:
    return predictor()(face_picture(), SIDES)


def _odd_array(rng: Rng) -> Any:
    array = rng.normal(100, 30, pick(rng, [(68, 2), (68,), (5, 2), (0, 2), (2, 68, 2), (68, 3)]))
    scaled = array * pick(rng, [1, 1, 1e14, 1e38, 1e300, np.nan, np.inf])
    return pick(rng, [scaled, scaled.tolist(), scaled > 0, scaled.astype(str), value(rng)])


def _odd_attributes(rng: Rng) -> Any:
    if rng.random() < 0.1:
        return value(rng)
    attributes: dict[Any, Any] = dict(_detection().__dict__)
    for _ in range(int(rng.integers(1, 3))):
        key = pick(rng, [*KEYS, *KEYS, "track_id", "extra"])
        if rng.random() < 0.2:
            attributes.pop(key, None)
        else:
            attributes[key] = _odd_array(rng) if rng.random() < 0.6 else value(rng)
    return attributes


def _odd_options(rng: Rng) -> Options:
    """As pickle makes them: without the constructor and its checks."""
    options = Options("cpu", 1)
    keys = ["device", "threads", "max_sigma", "convention", "steady", "strict", "providers"]
    key = pick(rng, keys)
    object.__setattr__(options, key, value(rng))
    return options


def _state(rng: Rng, folder: Path) -> None:
    """A malformed state, as a pickle's bytes could name it."""
    if rng.random() < 0.75:
        sides = SIDES if rng.random() < 0.7 else pick(rng, [value(rng), [value(rng)] * 4])
        found = attempt((ValueError,), _restore, sides, _odd_attributes(rng))
        if found is not None:
            check_detection(found)
        return
    states: list[Callable[[], Any]] = [
        lambda: value(rng),
        lambda: {"data": value(rng), "options": Options()},
        lambda: {"data": damaged_file(rng), "options": Options()},
        lambda: {"data": model().data, "options": value(rng)},
        lambda: {"data": model().data, "options": _odd_options(rng)},
    ]
    made = DANShapePredictor.__new__(DANShapePredictor)
    state = pick(rng, states)()
    # RuntimeError is a model file's own; ImportError a device's whose package is missing.
    if succeeds((ValueError, RuntimeError, ImportError), made.__setstate__, state):
        found = attempt((ValueError, RuntimeError), made, face_picture(), rectangle(*SIDES))
        if found is not None:
            check_detection(found)


def _constructor(rng: Rng, folder: Path) -> None:
    rect = rectangle(1, 2, 30, 40) if rng.random() < 0.8 else value(rng)
    arguments = {key: _odd_array(rng) for key in KEYS[1:-1] if rng.random() < 0.3}
    made = attempt((TypeError, ValueError), lambda: Detection(rect, _odd_array(rng), **arguments))
    if made is not None:
        check_detection(made)
        assert (pickle.loads(pickle.dumps(made)).present == made.present).all()


class _Unpickler(pickle._Unpickler):
    """Loads our objects only, so that a flipped bit calls no other function.

    Python's own: the one in C takes gigabytes for some flipped bits of its memo's numbers.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in ("danpredict", "numpy"):
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


@cache
def _pickled(kind: str, protocol: int) -> bytes:
    objects = {"detection": _detection(), "options": Options(), "predictor": predictor()}
    return pickle.dumps(objects[kind], protocol)


def _bytes(rng: Rng, folder: Path) -> None:
    """Damaged bytes. Of pickle itself any exception is documented; what it returns is checked."""
    kind = "predictor" if rng.random() < 0.05 else pick(rng, ["detection", "detection", "options"])
    data = damaged(rng, _pickled(kind, int(rng.integers(2, 6))))
    with np.errstate(all="ignore"):
        found = attempt((Exception,), _Unpickler(io.BytesIO(data)).load)
    if isinstance(found, Detection):
        check_detection(found)
    elif isinstance(found, DANShapePredictor):
        check_detection(found(face_picture(), SIDES))


def case(rng: Rng, folder: Path) -> None:
    """A state, the arguments of a detection, or the bytes of a pickle."""
    pick(rng, [_state, _constructor, _bytes])(rng, folder)
