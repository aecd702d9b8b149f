"""The convention files ``adapters/conventions/<name>.json`` and the keys that they have.

``adapters/README.md`` describes the keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from danpredict.resources import data_folder

REQUIRED_KEYS = frozenset(["size", "source", "groups", "eyes", "mirror"])
OPTIONAL_KEYS = frozenset(["gives", "taken"])  # each holds one map per other convention
REQUIRED_MAP_KEYS = frozenset(["points", "source"])
OPTIONAL_MAP_KEYS = frozenset(["approximate"])


def _files() -> dict[str, Path]:
    """The convention files by their names without suffix."""
    folder = data_folder("adapters") / "conventions"
    return {path.stem: path for path in folder.glob("*.json")}


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"expected JSON in {path}, got {error}") from error


def convention_names() -> list[str]:
    """Names of all convention files, sorted."""
    return sorted(_files())


def read_convention_file(name: str) -> dict[str, Any]:
    """The JSON object of a convention file, with its keys checked.

    Raises
    ------
    ValueError
        No convention file of that name; the known ones are listed. Or the file is not JSON, lacks a
        key, or has an unknown key.
    """
    path = _files().get(name)
    if path is None:
        known = convention_names()
        raise ValueError(f"expected a landmark convention out of {known}, got {name!r}")
    data = _mapping(_load(path), str(path))
    _check_keys(data, REQUIRED_KEYS, OPTIONAL_KEYS, str(path))
    for side in OPTIONAL_KEYS & set(data):
        maps = _mapping(data[side], f"{side!r} of {path}")
        for other, entry in maps.items():
            where = f"{side!r}, {other!r} of {path}"
            _check_keys(_mapping(entry, where), REQUIRED_MAP_KEYS, OPTIONAL_MAP_KEYS, where)
    return data


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object for {where}, got {value!r:.80}")
    return value


def _check_keys(
    data: Mapping[str, Any], required: frozenset[str], optional: frozenset[str], where: str
) -> None:
    unknown, missing = sorted(set(data) - required - optional), sorted(required - set(data))
    if unknown:
        raise ValueError(
            f"expected the keys {sorted(required | optional)} in {where}, got the unknown key "
            f"{unknown[0]!r}: correct or remove it"
        )
    if missing:
        raise ValueError(f"expected the key {missing[0]!r} in {where}, got none: add it")
