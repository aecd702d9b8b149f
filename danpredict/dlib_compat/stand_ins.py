"""Stand-ins for dlib's ``point``, ``points``, ``rectangle`` and ``full_object_detection``.

They have the methods of dlib's classes that landmark code uses, so danpredict runs without dlib.
Coordinates are whole pixels. Rectangles include their right column and bottom row.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, overload


def _whole(value: Any, what: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"expected a whole number for {what}, got {value!r}") from None


class point:  # noqa: N801  # dlib's name
    """A pixel: x to the right, y down. Points with equal coordinates are not equal, as in dlib."""

    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = _whole(x, "x"), _whole(y, "y")

    def __add__(self, other: point) -> point:
        return point(self.x + other.x, self.y + other.y)

    def __sub__(self, other: point) -> point:
        return point(self.x - other.x, self.y - other.y)

    def __str__(self) -> str:
        return f"({self.x}, {self.y})"

    def __repr__(self) -> str:
        return f"point({self.x}, {self.y})"


class points:  # noqa: N801
    """A list of points."""

    def __init__(self, items: Iterable[point] = ()) -> None:
        self._items = list(items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[point]:
        return iter(self._items)

    @overload
    def __getitem__(self, index: int) -> point: ...
    @overload
    def __getitem__(self, index: slice) -> points: ...
    def __getitem__(self, index: int | slice) -> point | points:
        if isinstance(index, slice):
            return points(self._items[index])
        return self._items[index]

    def __repr__(self) -> str:
        return f"points[{', '.join(map(str, self._items))}]"


class rectangle:  # noqa: N801
    """Left, top, right and bottom, all inclusive. Called without arguments, it is empty."""

    def __init__(self, left: int = 0, top: int = 0, right: int = -1, bottom: int = -1) -> None:
        names = ("left", "top", "right", "bottom")
        sides = (left, top, right, bottom)
        self._sides = tuple(_whole(v, name) for v, name in zip(sides, names, strict=True))

    def left(self) -> int:
        """The first column."""
        return self._sides[0]

    def top(self) -> int:
        """The first row."""
        return self._sides[1]

    def right(self) -> int:
        """The last column."""
        return self._sides[2]

    def bottom(self) -> int:
        """The last row."""
        return self._sides[3]

    def is_empty(self) -> bool:
        """Whether the rectangle has no pixels."""
        return self.left() > self.right() or self.top() > self.bottom()

    def width(self) -> int:
        """Number of columns."""
        return 0 if self.is_empty() else self.right() - self.left() + 1

    def height(self) -> int:
        """Number of rows."""
        return 0 if self.is_empty() else self.bottom() - self.top() + 1

    def area(self) -> int:
        """Number of pixels."""
        return self.width() * self.height()

    def center(self) -> point:
        """The central pixel, rounded as in dlib."""
        across, down = self.left() + self.right() + 1, self.top() + self.bottom() + 1
        return point(across // 2, down // 2)

    def tl_corner(self) -> point:
        """The top-left pixel."""
        return point(self.left(), self.top())

    def br_corner(self) -> point:
        """The bottom-right pixel."""
        return point(self.right(), self.bottom())

    def contains(self, x: int, y: int) -> bool:
        """Whether the rectangle contains a pixel."""
        return self.left() <= x <= self.right() and self.top() <= y <= self.bottom()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, rectangle) and self._sides == other._sides

    __hash__ = None  # type: ignore[assignment]  # as in dlib

    def __str__(self) -> str:
        left, top, right, bottom = self._sides
        return f"[({left}, {top}) ({right}, {bottom})]"

    def __repr__(self) -> str:
        return f"rectangle({','.join(map(str, self._sides))})"


class full_object_detection:  # noqa: N801
    """A rectangle and the landmarks of its object, which dlib calls parts."""

    def __init__(self, rect: rectangle, parts: Iterable[point]) -> None:
        if not isinstance(rect, rectangle):
            raise TypeError(f"expected a rectangle, got {rect!r}")
        self._rect, self._parts = rect, points(parts)

    @property
    def rect(self) -> rectangle:
        """The rectangle."""
        return self._rect

    @property
    def num_parts(self) -> int:
        """Number of parts."""
        return len(self._parts)

    def part(self, idx: int) -> point:
        """The part with an index from 0."""
        number = _whole(idx, "idx")
        if number < 0:
            raise TypeError(f"expected idx from 0, got {idx!r}")
        if number >= self.num_parts:
            raise IndexError("Index out of range")
        return self._parts[number]

    def parts(self) -> points:
        """All parts."""
        return points(self._parts)
