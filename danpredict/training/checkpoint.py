"""The checkpoint of a training run: one file, which only the same run can resume from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from danpredict.files.outputs import replacing


def differences(
    first: dict[str, Any], second: dict[str, Any], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """The entries in which two nested dictionaries differ: dotted path, first and second value."""
    for key in first | second:
        a, b = first.get(key), second.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            yield from differences(a, b, f"{path}{key}.")
        elif a != b:
            yield f"{path}{key}", a, b


def save_checkpoint(path: Path, identity: dict[str, Any], state: dict[str, Any]) -> None:
    """Write a checkpoint. If writing is interrupted, the last checkpoint stays.

    ``identity`` is what must not change between the parts of a run: config, seed and data.
    """
    with replacing(path) as temporary:
        torch.save({"identity": identity, **state}, temporary)


def load_checkpoint(path: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The state in a checkpoint; None if there is no such file.

    Raises
    ------
    ValueError
        The file is damaged, or was made with another config, seed or data.
    """
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        theirs = state.pop("identity")
    except Exception as error:  # zip, pickle and torch each have their own
        raise ValueError(
            f"expected a checkpoint, got the damaged file {path}: {error}. Delete it, or use a new "
            "--out folder."
        ) from error
    for name, before, now in differences(theirs, identity):
        raise ValueError(
            f"{path} was made with another {name} ({before}, now {now}). Use the original config, "
            "seed and data, or a new --out folder."
        )
    return state
