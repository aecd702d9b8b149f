"""Landmark conventions, read from ``adapters/<name>.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from danpredict.resources import data_folder


def read_ranges(text: str, count: int) -> tuple[int, ...]:
    """``"0-3, 7"`` as 0, 1, 2, 3, 7; ValueError for points that are not below ``count``."""
    points: list[int] = []
    for part in filter(None, map(str.strip, text.split(","))):
        first, _, last = part.partition("-")
        if int(last or first) >= count:
            raise ValueError(f"expected landmarks below {count}, got {part!r:.80}")
        points += range(int(first), int(last or first) + 1)
    return tuple(points)


def write_ranges(points: Iterable[int]) -> str:
    """What `read_ranges` takes."""
    runs: list[list[int]] = []
    for point in points:
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


@dataclass(frozen=True)
class PointMap:
    """How each point of one convention is taken from another's.

    ``points[i]`` lists the other's points whose mean is point ``i``; nothing where none can be.
    ``approximate`` names the points that do not mean quite the same.
    """

    points: tuple[tuple[int, ...], ...]
    approximate: frozenset[int] = frozenset()
    source: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> PointMap:
        """From an ``adapters/*.json``."""
        rows: list[tuple[int, ...]] = []
        for entry in data["points"]:
            single = [entry] if isinstance(entry, int) else entry or []
            rows.append(tuple(single))
        approximate = frozenset(read_ranges(data.get("approximate", ""), len(rows)))
        return cls(tuple(rows), approximate, data["source"])


@dataclass(frozen=True)
class Convention:
    """A named convention of landmarks.

    ``mirror[i]`` is the point that takes place ``i`` in a mirrored picture, None where nobody has
    said; ``groups`` lists the points of each facial part; ``eyes`` are the outer eye corners, whose
    distance normalises errors, None where there are none. ``gives`` says how other conventions'
    points are taken from these, ``taken`` how these are taken from others'.
    """

    name: str
    size: int
    mirror: tuple[int, ...] | None = None
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    eyes: tuple[int, int] | None = None
    source: str = ""
    gives: dict[str, PointMap] = field(default_factory=dict)
    taken: dict[str, PointMap] = field(default_factory=dict)

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
        """From an ``adapters/*.json`` or a model file."""
        maps = {
            side: {other: PointMap.read(entry) for other, entry in data.get(side, {}).items()}
            for side in ("gives", "taken")
        }
        return cls(
            name=name,
            size=int(data["size"]),
            mirror=None if data["mirror"] is None else tuple(data["mirror"]),
            groups={
                part: read_ranges(points, int(data["size"]))
                for part, points in data["groups"].items()
            },
            eyes=None if data["eyes"] is None else (data["eyes"][0], data["eyes"][1]),
            source=data["source"],
            **maps,
        )

    def write(self) -> dict[str, Any]:
        """What `read` takes, without the maps."""
        return {
            "size": self.size,
            "mirror": self.mirror,
            "groups": {part: write_ranges(points) for part, points in self.groups.items()},
            "eyes": self.eyes,
            "source": self.source,
        }


def conventions() -> list[str]:
    """Names of the conventions that come with danpredict."""
    files = data_folder("adapters").glob("*.json")
    return sorted(file.stem for file in files if file.stem not in ("boxes", "templates"))


@cache
def convention(name: str) -> Convention:
    """Look a convention up by its name.

    Raises
    ------
    ValueError
        No convention of that name; the known ones are listed.
    """
    if name not in conventions():
        raise ValueError(f"expected a landmark convention out of {conventions()}, got {name!r}")
    path = data_folder("adapters") / f"{name}.json"
    return Convention.read(name, json.loads(path.read_text("utf-8")))
