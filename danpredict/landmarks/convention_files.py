"""The convention files ``adapters/<name>.json``: which files they are, and which keys they have.

``adapters/README.md`` describes the keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from danpredict.resources import data_folder

# Every convention file has this key. The other JSON files of the folder do not.
MARKER = "size"
REQUIRED_KEYS = frozenset(["size", "source", "groups", "eyes", "mirror"])
OPTIONAL_KEYS = frozenset(["gives", "taken"])  # each holds one map per other convention
REQUIRED_MAP_KEYS = frozenset(["points", "source"])
OPTIONAL_MAP_KEYS = frozenset(["approximate"])


def _files() -> dict[str, Path]:
    """The JSON files of ``adapters/`` by their names without suffix."""
    return {path.stem: path for path in data_folder("adapters").glob("*.json")}


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"expected JSON in {path}, got {error}") from error


def _is_convention(path: Path) -> bool:
    try:
        data = _load(path)
    except ValueError:
        return False
    return isinstance(data, dict) and MARKER in data


def convention_names() -> list[str]:
    """Names of all convention files, sorted."""
    return sorted(name for name, path in _files().items() if _is_convention(path))


def read_convention_file(name: str) -> dict[str, Any]:
    """The JSON object of a convention file, with its keys checked.

    Raises
    ------
    ValueError
        No convention file of that name; the known ones are listed. Or the file is not JSON, lacks a
        key, or has an unknown key.
    """
    path = _files().get(name)
    data = None if path is None else _load(path)
    if path is None or not isinstance(data, dict) or MARKER not in data:
        known = convention_names()
        raise ValueError(f"expected a landmark convention out of {known}, got {name!r}")
    _check_keys(data, REQUIRED_KEYS, OPTIONAL_KEYS, str(path))
    for side in OPTIONAL_KEYS & set(data):
        maps = _mapping(data[side], f"{side!r} of {path}")
        for other, entry in maps.items():
            where = f"{side!r}, {other!r} of {path}"
            _check_keys(_mapping(entry, where), REQUIRED_MAP_KEYS, OPTIONAL_MAP_KEYS, where)
    return data


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
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
