"""`Convention`: the number, order, mirror table and facial parts of a set of landmarks.

`danpredict.landmarks.convention_files` reads the conventions that come with danpredict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from danpredict.landmarks.convention_files import convention_names, read_convention_file

# dlib infers the convention of landmarks from their number.
DLIB_CONVENTIONS = {68: "ibug68", 5: "dlib5"}


def read_ranges(text: str, count: int) -> tuple[int, ...]:
    """Indices from a text such as ``"0-3, 7"``, here 0, 1, 2, 3, 7.

    Raises
    ------
    ValueError
        An index that is not a number, or not below ``count``.
    """
    points: list[int] = []
    for part in filter(None, map(str.strip, text.split(","))):
        first, _, last = part.partition("-")
        if int(last or first) >= count:
            raise ValueError(f"expected landmarks below {count}, got {part!r:.80}")
        points += range(int(first), int(last or first) + 1)
    return tuple(points)


def write_ranges(points: Iterable[int]) -> str:
    """Indices as a text that `read_ranges` reads."""
    runs: list[list[int]] = []
    for point in points:
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


@dataclass(frozen=True)
class PointMap:
    """How to compute the landmarks of a target convention from those of a source convention.

    Attributes
    ----------
    points : tuple of tuples of int
        ``points[i]`` lists the source landmarks whose mean is target landmark ``i``. It is empty if
        the source has no such landmark.
    approximate : frozenset of int
        Target landmarks that do not mark exactly the same place as their source landmarks.
    source : str
        Where the map was published.
    """

    points: tuple[tuple[int, ...], ...]
    approximate: frozenset[int] = frozenset()
    source: str = field(default="", compare=False)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> PointMap:
        """The map in an entry of ``gives`` or ``taken`` of a convention file."""
        rows: list[tuple[int, ...]] = []
        for entry in data["points"]:
            single = [entry] if isinstance(entry, int) else entry or []
            rows.append(tuple(single))
        approximate = frozenset(read_ranges(data.get("approximate", ""), len(rows)))
        return cls(tuple(rows), approximate, data["source"])


@dataclass(frozen=True)
class Convention:
    """A named set of landmarks in a fixed order.

    Attributes
    ----------
    name : str
    size : int
        Number of landmarks.
    mirror : tuple of int or None
        In a mirrored picture, landmark ``i`` is the old landmark ``mirror[i]``; None if no mirror
        table is known.
    groups : dict
        Facial parts by name, each with the indices of its landmarks.
    eyes : (int, int) or None
        Indices of the two outer eye corners, whose distance normalises errors; None if the
        convention has none.
    source : str
        Where the convention is defined.
    gives : dict of PointMap
        One map per other convention, by its name: computes the other landmarks from these.
    taken : dict of PointMap
        One map per other convention, by its name: computes these landmarks from the others.

    Raises
    ------
    ValueError
        No landmarks, a mirror table that does not pair them, or eyes that are not two of them.
    """

    name: str
    size: int
    mirror: tuple[int, ...] | None = None
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)
    eyes: tuple[int, int] | None = None
    source: str = field(default="", compare=False)
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
            raise ValueError(
                f"expected the indices of two of {self.size} landmarks for eyes, got {self.eyes}"
            )

    @classmethod
    def read(cls, name: str, data: Mapping[str, Any]) -> Convention:
        """The convention in the JSON object of a convention file or of a model file."""
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
        """A JSON object that `read` reads, without the maps to other conventions."""
        return {
            "size": self.size,
            "mirror": self.mirror,
            "groups": {part: write_ranges(points) for part, points in self.groups.items()},
            "eyes": self.eyes,
            "source": self.source,
        }


def conventions() -> list[str]:
    """Names of the conventions that come with danpredict."""
    return convention_names()


@cache
def convention(name: str) -> Convention:
    """The convention of a name.

    Raises
    ------
    ValueError
        No convention of that name; the known ones are listed. Or its file is damaged.
    """
    data = read_convention_file(name)
    try:
        return Convention.read(name, data)
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise ValueError(f"expected a landmark convention in {name}.json: {error}") from error
