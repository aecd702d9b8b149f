"""Odd values, and ways to damage bytes and text."""

from __future__ import annotations

import copy
import datetime
import decimal
import fractions
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .harness import Rng

Item = TypeVar("Item")

NUMBERS: list[Any] = [
    0, 1, -1, 2, 3.5, -0.0, 5e-324, 1e-9, 1e30, -1e30, 1e308, -1e308, float("nan"), float("inf"),
    float("-inf"), 255, 256, 2**15, 2**31, -(2**31), 2**47, 2**53, 2**63, -(2**63), 10**400, True,
    10**5000,
]  # fmt: skip
OBJECTS: list[Callable[[], Any]] = [
    lambda: None, lambda: "", lambda: "12", lambda: "\ud800", lambda: b"", lambda: bytearray(4),
    lambda: memoryview(b"1234"), list, dict, set, object, lambda: object, lambda: [[1, 2], [3, 4]],
    lambda: ["1", "2", "3", "4"], lambda: [True, False, True, False], lambda: range(4),
    lambda: iter([1, 2, 3, 4]), lambda: {1: 2, 3: 4}, lambda: 1 + 2j, lambda: len,
    lambda: decimal.Decimal("NaN"), lambda: decimal.Decimal(3), lambda: fractions.Fraction(1, 3),
    lambda: datetime.date(2020, 1, 1), lambda: np.datetime64("2020-01-01"), lambda: np.float32(7),
    lambda: np.float64("nan"), lambda: np.uint8(200), lambda: np.int8(-5), lambda: np.bool_(True),
    lambda: np.longdouble(3), lambda: np.str_("a"), lambda: np.array(5), lambda: np.array([]),
    lambda: np.array(["a", "b", "c", "d"]), lambda: np.array([1, 2, 3, None], object),
    lambda: np.zeros((2, 2)), lambda: np.zeros(4, "M8[s]"), lambda: np.zeros(4, complex),
    lambda: np.array([1, 2, np.nan, 4]), lambda: np.ma.masked_equal([1, 2, 3, 4], 2),
]  # fmt: skip
JSON_VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 1e308, float("nan"), float("inf"), 10**30, 10**400, "", "68",
    "\x1b[2J", "\ud800", "\x00", "a" * 3000, [], {}, [[]], [None], [1, 2, 3, 4], {"a": {}}, [{}],
    0.5, 17, "0-67", "cpu", [[0, 0]] * 68, {"size": 68},
]  # fmt: skip
WORDS = [
    b"nan", b"inf", b"-inf", b"1e999", b"1e308", b"-1", b"0", b"99999999999999999999", b"", b'"',
    b"'", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r\n", b"\r", b",", b"{", b"}", b"[",
    b"]", b"<", b"</", b">", b"&", b"&a;", b"null", b"true", b"\xed\xa0\x80", b"\xc2\xb2", b"../",
    "²".encode(), "٣".encode(), b"\xef\xbc\x91", b"\\u0000", b"\\ud800", b"1_0", b" ", b"0x10",
    b"9" * 5000, b"[" * 2000, b'{"a":' * 2000, b"<a>" * 500, b'"' + b"a" * 140_000 + b'"',
]  # fmt: skip


def pick(rng: Rng, items: Sequence[Item]) -> Item:
    """One of them; `numpy.random.Generator.choice` would turn them into an array."""
    return items[int(rng.integers(len(items)))]


def number(rng: Rng) -> Any:
    """A number, odd ones among them."""
    if rng.random() < 0.5:
        return pick(rng, NUMBERS)
    return float(rng.normal() * 10.0 ** rng.integers(-3, 12))


def value(rng: Rng) -> Any:
    """Anything."""
    return number(rng) if rng.random() < 0.5 else pick(rng, OBJECTS)()


def _flip(rng: Rng, data: bytearray) -> None:
    for _ in range(int(rng.integers(1, 9))):
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))


def _truncate(rng: Rng, data: bytearray) -> None:
    del data[int(rng.integers(len(data))) :]


def _remove(rng: Rng, data: bytearray) -> None:
    start = int(rng.integers(len(data)))
    del data[start : start + int(rng.integers(1, 64))]


def _repeat(rng: Rng, data: bytearray) -> None:
    start, to = (int(rng.integers(len(data))) for _ in range(2))
    data[to:to] = data[start : start + int(rng.integers(1, 64))]


def _noise(rng: Rng, data: bytearray) -> None:
    start = int(rng.integers(len(data)))
    data[start : start + 16] = rng.bytes(16)


def _word(rng: Rng, data: bytearray) -> None:
    start = int(rng.integers(len(data)))
    data[start : start + int(rng.integers(0, 8))] = pick(rng, WORDS)


def damaged(rng: Rng, data: bytes, *, text: bool = False) -> bytes:
    """The bytes with one to three kinds of damage; ``text`` prefers words that parsers know."""
    ways = [_flip, _truncate, _remove, _repeat, _noise]
    if text:
        ways = [_word, _word, _word, _word, *ways]
    result = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if result:
            pick(rng, ways)(rng, result)
    return bytes(result)


def _places(data: Any) -> list[tuple[Any, Any]]:
    """All containers of a JSON value with all of their keys."""
    keys = list(data) if isinstance(data, dict) else range(len(data))
    found = [(data, key) for key in keys]
    for key in keys:
        if isinstance(data[key], dict | list):
            found += _places(data[key])
    return found


def edited_json(rng: Rng, data: Any) -> Any:
    """A copy of a JSON object or list with one to three of its entries changed."""
    result = json.loads(json.dumps(data))
    for _ in range(int(rng.integers(1, 4))):
        places = _places(result)
        if not places:
            break
        # Lists of coordinates have most of the places: names get as many of the changes.
        named = [place for place in places if isinstance(place[0], dict)]
        holder, key = pick(rng, named if named and rng.random() < 0.7 else places)
        way = rng.random()
        if way < 0.6:
            holder[key] = copy.deepcopy(pick(rng, JSON_VALUES))
        elif way < 0.75:
            del holder[key]
        elif isinstance(holder, dict):
            holder[pick(rng, ["", "name", "extra", "\n"])] = holder.pop(key)
        else:
            holder.insert(int(rng.integers(len(holder) + 1)), copy.deepcopy(holder[key]))
    return result
