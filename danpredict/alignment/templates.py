"""Templates: where landmarks lie in a chip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from danpredict.resources import data_folder


@dataclass(frozen=True)
class Template:
    """Where landmarks lie in a chip.

    Attributes
    ----------
    convention : str
        Of the landmarks; others are converted.
    points : ((x, y), ...)
        Chip pixels, for a chip of ``size``; with ``unit`` fractions of the face, as dlib has them.
    indices : (int, ...)
        Which landmarks of the convention these are.
    size : int
        Side of the chip, pixels, that is natural.
    unit : bool
        dlib's geometry: padded, with dlib's own way to count pixels.
    """

    convention: str
    points: tuple[tuple[float, float], ...]
    indices: tuple[int, ...]
    size: int
    unit: bool = False


@cache
def _shipped() -> dict[str, Template]:
    table = json.loads((data_folder("adapters") / "templates.json").read_text("utf-8"))
    return {
        name: Template(
            row["convention"],
            tuple((x, y) for x, y in row["points"]),
            tuple(row["indices"]),
            row["size"],
            row["unit"],
        )
        for name, row in table.items()
    }


def template(name: str) -> Template:
    """A template by its name: ``dlib``, ``arcface``, ``arcface128``, ``ffhq``.

    Raises
    ------
    ValueError
        No template of that name.
    """
    if name not in _shipped():
        raise ValueError(f"expected a template out of {sorted(_shipped())}, got {name!r}")
    return _shipped()[name]
