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
    errors. ``taken`` says which points of other conventions these are.
    """

    name: str
    size: int
    mirror: tuple[int, ...]
    groups: dict[str, tuple[int, ...]]
    eyes: tuple[int, int]
    source: str
    taken: dict[str, tuple[int, ...]]

    def points_in(self, other: str) -> list[int] | None:
        """Which of another convention's points these are; None for its own, where all are.

        Raises
        ------
        ValueError
            The other convention does not hold them.
        """
        if other == self.name:
            return None
        if other not in self.taken:
            raise ValueError(
                f"expected landmarks out of {sorted({self.name, *self.taken})} "
                f"to get {self.name} from, got {other}"
            )
        return list(self.taken[other])


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
        taken={name: tuple(points) for name, points in data.get("taken", {}).items()},
    )
