"""Where the drawn copies of photos go, and that none of them overwrites anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from danpredict.batch.log import Log
from danpredict.files.outputs import identity
from danpredict.photos.find import Photos

KEPT = (".jpg", ".jpeg", ".png")  # photos of other formats are drawn as .png


def drawn_names(photos: Photos) -> dict[str, str]:
    """Paths of the drawn copies in the output folder, by name of the photo.

    They are the photos' own paths below the folder that contains all of them. ``a.webp`` becomes
    ``a.webp.png``.

    Raises
    ------
    ValueError
        Two photos would have the same copy, or the photos have no common folder.
    """
    if photos.root is None:
        raise ValueError("expected photos on one drive to draw them, got several drives")
    names: dict[str, str] = {}
    photo_of: dict[str, str] = {}
    for name, path in photos.files.items():
        copy = path.absolute().relative_to(photos.root).as_posix()
        if path.suffix.lower() not in KEPT:
            copy += ".png"
        if copy in photo_of:
            raise ValueError(
                f"expected photos with different names, got {photo_of[copy]} and {name}, which "
                f"would both be drawn as {copy}"
            )
        names[name] = copy
        photo_of[copy] = name
    return names


def check_drawn(folder: Path, names: Mapping[str, str], photos: Photos, log: Log) -> None:
    """Raise ValueError if a copy would overwrite a photo, or a file that no earlier run drew."""
    inputs = {identity(path) for path in photos.files.values()}
    for name, copy in names.items():
        path = folder / copy
        if not path.exists():
            continue
        if identity(path) in inputs:
            raise ValueError(f"{path} would overwrite an input: choose another folder for --draw")
        if name not in log:
            raise ValueError(
                f"expected a folder for --draw without {copy}, got {folder}, where no earlier run "
                "drew this file: choose another folder"
            )
