"""Load pickles and print what they hold: ``python read.py [--without-dlib] < questions.json``.

The questions are ``{"file.pkl": ["expression", ...]}``. In an expression ``it`` is what the pickle
holds; ``picture`` is the astronaut, ``rect`` its rectangle and ``detection`` its landmarks. The
answers are JSON:
``{"file.pkl": {"expression": value}}``, or ``{"file.pkl": "the error"}`` where loading fails.
``make.py`` asks the old version, and ``tests/test_made_by_0_2_0.py`` the present one.
"""

import json
import pickle
import runpy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent


def plain(value: Any) -> Any:
    """A value as JSON has it; arrays with their dtype."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "dtype"):
        return {str(value.dtype): value.tolist()}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if hasattr(value, "br_corner"):
        return [value.left(), value.top(), value.right(), value.bottom()]
    if hasattr(value, "x"):
        return [value.x, value.y]
    return [plain(item) for item in value]


def answer(expression: str, names: dict[str, Any]) -> Any:
    """The value of an expression; the error's text where it has none."""
    try:
        return plain(eval(expression, names))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """Answer the questions on standard input."""
    if "--without-dlib" in sys.argv:
        sys.modules["dlib"] = None  # type: ignore[assignment]  # importing it then fails
    answers: dict[str, Any] = {}
    colour = runpy.run_path(str(FOLDER.parents[1] / "samples.py"))["samples"]()["colour"]
    names: dict[str, Any] = {"picture": colour.picture}
    for file, expressions in json.load(sys.stdin).items():
        try:
            it = pickle.loads((FOLDER / file).read_bytes())
        except Exception as error:
            answers[file] = f"{type(error).__name__}: {error}"
            continue
        if "danpredict" not in names:  # imported by the first pickle, not before it
            names |= {"danpredict": import_module("danpredict")}
            names["rect"] = names["danpredict"].rectangle(*colour.rectangle)
            corners = np.linspace([190, 110], [250, 150], 68)
            names["detection"] = names["danpredict"].Detection(names["rect"], corners)
        answers[file] = {text: answer(text, {**names, "it": it}) for text in expressions}
        answers[file]["attributes"] = [name for name in dir(it) if not name.startswith("_")]
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
