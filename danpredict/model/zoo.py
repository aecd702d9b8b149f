"""The models that ship with danpredict, and the default model of a program."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from danpredict.model.file import Model, read_info, read_model
from danpredict.resources import data_folder

DEFAULT_MODEL = "lean68"
# Three fifths of the arithmetic. Enough in a video: the last frame gives a good initial transform.
VIDEO_MODEL = "slim68"
VARIABLE = "DANPREDICT_MODEL"  # the environment variable that sets the default model
# int8 needs AVX2. numpy calls it "AVX2" before version 2.4 and "X86_V3" since then.
EIGHT_BIT = {"AVX2", "X86_V3"}


def model_names() -> list[str]:
    """Names of the models that ship with danpredict, sorted."""
    return sorted(path.stem for path in data_folder("weights").glob("*.dan"))


def models() -> dict[str, str]:
    """The models that ship with danpredict: from name to licence of the weights, sorted by name.

    `DANShapePredictor` takes the names. The licence is the text in the model file. The page of
    model cards has the details.

    Raises
    ------
    RuntimeError
        A shipped file is damaged.
    """
    return {name: read_info(shipped_file(name))["licence"] for name in model_names()}


def shipped_file(name: str) -> Path:
    """Path of the shipped model ``name``, which may not exist."""
    return data_folder("weights") / f"{name}.dan"


def shipped_name(model: Model) -> str | None:
    """The name of the shipped model with the same bytes; None for any other model.

    The name in a model's description is not enough: anyone can give a model any name.
    """
    name = model.info["name"]
    path = shipped_file(name)
    shipped = name in model_names() and path.read_bytes() == model.data
    return name if shipped else None


def eight_bit_pays() -> bool:
    """Whether int8 is faster than float32 on this processor: it needs AVX2.

    Measured: int8 takes 0.6 of float32's time per face with AVX2, and less with AVX-512 VNNI.
    """
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    # "baseline" is what numpy was built for, "found" what it detected. Empty ones are left out.
    return bool(EIGHT_BIT & {*extensions.get("baseline", ()), *extensions.get("found", ())})


def default_model(name: str = DEFAULT_MODEL, *, on_cpu: bool = True) -> str:
    """Name or path of the default model.

    It is the value of the environment variable ``DANPREDICT_MODEL``, unless that is missing or
    empty. Otherwise it is the int8 or the float32 version of ``name``.

    Parameters
    ----------
    name : str
        `DEFAULT_MODEL` for `DANShapePredictor`, `VIDEO_MODEL` for `Tracker` and for the detector
        ``"builtin"``.
    on_cpu : bool
        False if the model has to run on another device, where int8 does not pay.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return chosen
    return f"{name}-int8" if on_cpu and eight_bit_pays() else name


def default_path(name: str = DEFAULT_MODEL, *, on_cpu: bool = True) -> Path:
    """Path of the default model; see `default_model`.

    Raises
    ------
    RuntimeError
        ``DANPREDICT_MODEL`` is a plain word that is neither a shipped model nor a file.
    """
    with _naming_the_variable():
        return find_model(default_model(name, on_cpu=on_cpu))


def read_default(name: str = DEFAULT_MODEL, *, on_cpu: bool = True) -> Model:
    """Read the default model; see `default_model`.

    Raises
    ------
    RuntimeError
        The model that ``DANPREDICT_MODEL`` names is missing or damaged.
    """
    with _naming_the_variable():
        return read_model(default_path(name, on_cpu=on_cpu))


@contextmanager
def _naming_the_variable() -> Iterator[None]:
    """Add to the error of a default model where its name came from."""
    try:
        yield
    except RuntimeError as error:
        if not os.environ.get(VARIABLE) or VARIABLE in str(error):
            raise
        message = str(error).rstrip(".")
        raise RuntimeError(
            f"{message}. The environment variable {VARIABLE} names this default model. Set it to "
            "the name of a shipped model or to the path of a model file, or unset it"
        ) from error


def find_model(name: str | bytes | os.PathLike[str]) -> Path:
    """Path of a shipped model by its name. Anything else is taken as a path.

    Raises
    ------
    RuntimeError
        A plain word that is neither a shipped model nor a file. The message starts like dlib's.
    """
    text = os.fsdecode(name)
    shipped = model_names()
    if text in shipped:
        return shipped_file(text)
    path = Path(text)
    if not text or (path.name == text and not path.suffix and not os.path.lexists(text)):
        near = difflib.get_close_matches(text, shipped, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RuntimeError(
            f"Unable to open {text!r}: expected a model file or one of the shipped models "
            f"{', '.join(shipped)}.{hint}"
        )
    return path
