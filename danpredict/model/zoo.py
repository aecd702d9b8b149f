"""The models that ship with danpredict, and the default model for this processor."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import numpy as np

from danpredict.resources import data_folder

DEFAULT_MODEL = "lean68"
# Half the arithmetic; enough in a video, where the last frame gives a good initial transform.
VIDEO_MODEL = "slim68"
# int8 needs AVX2. numpy calls it "AVX2" before version 2.4 and "X86_V3" since then.
EIGHT_BIT = {"AVX2", "X86_V3"}


def models() -> list[str]:
    """Names of the models that ship with danpredict."""
    return sorted(path.stem for path in data_folder("weights").glob("*.dan"))


def eight_bit_pays() -> bool:
    """Whether int8 is faster than float32 on this processor: it needs AVX2.

    Measured: int8 takes 0.6 of float32's time per face with AVX2, and less with AVX-512 VNNI.
    """
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    # "baseline" is what numpy was built for, "found" what it detected. Empty ones are left out.
    return bool(EIGHT_BIT & {*extensions.get("baseline", ()), *extensions.get("found", ())})


def default_model(name: str = DEFAULT_MODEL) -> str:
    """Name of the default model on this processor: the int8 or the float32 version.

    ``name`` is `DEFAULT_MODEL` for `DANShapePredictor` or `VIDEO_MODEL` for `Tracker`.
    """
    return f"{name}-int8" if eight_bit_pays() else name


def find_model(name: str | bytes | os.PathLike[str]) -> Path:
    """Path of a shipped model by its name. Anything else is taken as a path.

    Raises
    ------
    RuntimeError
        A plain word that is neither a shipped model nor a file. The message starts like dlib's.
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
