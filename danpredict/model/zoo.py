"""The models that ship with danpredict, and which one is the default here."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import numpy as np

from danpredict.resources import data_folder

DEFAULT_MODEL = "lean68"
VIDEO_MODEL = "slim68"  # half the arithmetic: a tracked face begins close to where it is
EIGHT_BIT = {"AVX2", "X86_V3"}  # numpy's names, before and since 2.4, of the level that int8 takes


def models() -> list[str]:
    """Names of the models that ship with danpredict."""
    return sorted(path.stem for path in data_folder("weights").glob("*.dan"))


def eight_bit_pays() -> bool:
    """Whether this processor has the instructions (AVX2) that make int8 the faster.

    Measured: a face takes 0.6 times float32's time with AVX2 alone, and less with AVX-512 VNNI.
    """
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    # What numpy was built for counts as well; the keys are there only where they hold something.
    return bool(EIGHT_BIT & {*extensions.get("baseline", ()), *extensions.get("found", ())})


def default_model(name: str = DEFAULT_MODEL) -> str:
    """Name of the model that is the default on this processor: in int8 or in float32.

    ``name`` is `DEFAULT_MODEL`, which `DANShapePredictor` takes, or `VIDEO_MODEL`, which `Tracker`
    takes.
    """
    return f"{name}-int8" if eight_bit_pays() else name


def find_model(name: str | bytes | os.PathLike[str]) -> Path:
    """Path of a shipped model by its name; anything else is a path already.

    Raises
    ------
    RuntimeError
        A word that is neither a shipped model nor a file; begins with dlib's words.
    """
    text = os.fsdecode(name)
    shipped = models()
    if text in shipped:
        return data_folder("weights") / f"{text}.dan"
    path = Path(text)
    if not text or (path.name == text and not path.suffix and not os.path.lexists(text)):
        near = difflib.get_close_matches(text, shipped, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RuntimeError(
            f"Unable to open {text!r}: expected a model file or one of the shipped models "
            f"{', '.join(shipped)}.{hint}"
        )
    return path
