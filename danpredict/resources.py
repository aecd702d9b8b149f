"""Paths of the data folders ``adapters/`` and ``weights/``."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """Path of ``adapters`` or ``weights``: in the package (wheel) or beside it (checkout).

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    package = Path(__file__).parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"expected the folder {name} in {package} or beside it, found none: reinstall danpredict"
    )
