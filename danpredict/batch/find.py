"""Find pictures in folders."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from danpredict.files.outputs import TEMPORARY
from danpredict.files.pictures import PICTURES

# Folders with a log of one of these names are outputs of a run: not pictures to work on.
ALIGN_LOG, DRAW_LOG = "align.jsonl", "danpredict-draw.jsonl"


def files_below(folder: Path, out: Path | None = None) -> list[Path]:
    """All files of a folder and below, sorted, except those in outputs of runs and in ``out``.

    Raises
    ------
    ValueError
        ``out`` contains the folder.
    """
    files = sorted(folder.rglob("*"))
    outputs = {path.parent.resolve() for path in files if path.name in (ALIGN_LOG, DRAW_LOG)}
    outputs.discard(folder.resolve())
    if out is not None:
        if folder.resolve().is_relative_to(out.resolve()):
            raise ValueError(
                f"expected an output folder that does not contain the pictures, got {out}"
            )
        outputs.add(out.resolve())

    @cache  # most files share their folder, and resolving a path takes long
    def is_output(path: Path) -> bool:
        place = path.resolve()
        return not outputs.isdisjoint({place, *place.parents})

    return [
        path
        for path in files
        if not path.name.startswith(TEMPORARY)
        and not is_output(path.parent)
        and not (path.is_symlink() and is_output(path))
    ]


def is_picture(path: Path) -> bool:
    """Whether the name is that of a picture that can be read."""
    return path.suffix.lower() in PICTURES


def none_found(place: object, skipped: str) -> FileNotFoundError:
    """The error if there is no picture; ``skipped`` is from `skipped_pictures`."""
    others = f" ({skipped} cannot be read)" if skipped else ""
    return FileNotFoundError(f"expected pictures, found none in {place}{others}")
