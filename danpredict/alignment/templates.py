"""Templates: where landmarks lie in a chip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from danpredict.resources import data_folder


@dataclass(frozen=True)
class Template:
    """Where some landmarks lie in a chip.

    Attributes
    ----------
    convention : str
        Convention of the template's landmarks. Landmarks of other conventions are converted.
    points : ((x, y), ...)
        Chip pixels, for a chip of ``size``. With ``unit``: fractions of the face's side, as in
        dlib.
    indices : (int, ...)
        The index of each point in the convention.
    size : int
        Default side of the chip, pixels.
    unit : bool
        Use dlib's geometry: a padding, and dlib's inclusive counting of pixels.
    """

    convention: str
    points: tuple[tuple[float, float], ...]
    indices: tuple[int, ...]
    size: int
    unit: bool = False


@cache
def _shipped() -> dict[str, Template]:
    table = json.loads((data_folder("adapters") / "chip_templates.json").read_text("utf-8"))
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


def templates() -> list[str]:
    """Names of all templates."""
    return sorted(_shipped())


def template(name: str) -> Template:
    """The template of a name: ``dlib``, ``arcface``, ``arcface128`` or ``ffhq``.

    Raises
    ------
    ValueError
        No template has this name.
    """
    if name not in _shipped():
        raise ValueError(f"expected a template out of {templates()}, got {name!r}")
    return _shipped()[name]
