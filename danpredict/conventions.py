"""Landmark conventions, read from ``adapters/<name>.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from danpredict.resources import data_folder


@dataclass(frozen=True)
class Convention:
    """A named layout of landmarks.

    ``mirror[i]`` is the point that takes place ``i`` in a mirrored picture; ``groups`` lists the
    points of each facial part; ``eyes`` are the outer eye corners, whose distance normalises
    errors.
    """

    name: str
    size: int
    mirror: tuple[int, ...]
    groups: dict[str, tuple[int, ...]]
    eyes: tuple[int, int]
    source: str


@cache
def convention(name: str) -> Convention:
    """Look a convention up by its name.

    Raises
    ------
    ValueError
        No convention of that name; the known ones are listed.
    """
    folder = data_folder("adapters")
    path = folder / f"{name}.json"
    if name == "boxes" or not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.json") if file.stem != "boxes")
        raise ValueError(f"expected a landmark convention out of {known}, got {name!r}")
    data = json.loads(path.read_text("utf-8"))
    return Convention(
        name=name,
        size=data["size"],
        mirror=tuple(data["mirror"]),
        groups={
            part: tuple(range(first, last + 1)) for part, (first, last) in data["groups"].items()
        },
        eyes=(data["eyes"][0], data["eyes"][1]),
        source=data["source"],
    )
