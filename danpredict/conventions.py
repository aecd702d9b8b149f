"""Landmark conventions, read from ``adapters/<name>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from danpredict.resources import data_folder


@dataclass(frozen=True)
class Convention:
    """A named layout of landmarks.

    ``mirror[i]`` is the point that takes place ``i`` in a mirrored picture, None where nobody has
    said; ``groups`` lists the points of each facial part; ``eyes`` are the outer eye corners, whose
    distance normalises errors, None where there are none. ``taken`` says which points of other
    conventions these are.
    """

    name: str
    size: int
    mirror: tuple[int, ...] | None = None
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    eyes: tuple[int, int] | None = None
    source: str = ""
    taken: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points = list(range(self.size))
        if not points:
            raise ValueError(f"expected at least one landmark, got {self.size}")
        if self.mirror is not None and (
            sorted(self.mirror) != points or [self.mirror[i] for i in self.mirror] != points
        ):
            raise ValueError(
                f"expected a mirror table that pairs {self.size} landmarks, got {self.mirror}"
            )
        if self.eyes is not None and not (
            len(self.eyes) == 2 and set(self.eyes) <= set(points) and self.eyes[0] != self.eyes[1]
        ):
            raise ValueError(f"expected two landmarks out of {self.size} for eyes, got {self.eyes}")

    @classmethod
    def read(cls, name: str, data: Mapping[str, Any]) -> Convention:
        """From an ``adapters/*.json`` or a model file; groups are first and last point."""
        return cls(
            name=name,
            size=int(data["size"]),
            mirror=None if data["mirror"] is None else tuple(data["mirror"]),
            groups={
                part: tuple(range(first, last + 1))
                for part, (first, last) in data["groups"].items()
            },
            eyes=None if data["eyes"] is None else (data["eyes"][0], data["eyes"][1]),
            source=data["source"],
            taken={name: tuple(points) for name, points in data.get("taken", {}).items()},
        )

    def write(self) -> dict[str, Any]:
        """What `read` takes."""
        return {
            "size": self.size,
            "mirror": self.mirror,
            "groups": {part: (points[0], points[-1]) for part, points in self.groups.items()},
            "eyes": self.eyes,
            "source": self.source,
            "taken": self.taken,
        }

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
    return Convention.read(name, json.loads(path.read_text("utf-8")))
