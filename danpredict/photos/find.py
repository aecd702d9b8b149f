"""Find photos: files, folders and patterns, as users write them on a command line."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from danpredict.batch.find import files_below, is_picture, none_found
from danpredict.files.pictures import skipped_pictures


class Photos(NamedTuple):
    """What `find_photos` found.

    Attributes
    ----------
    files : dict
        Paths of the photos by name, sorted by name. A name is the path as given, with ``/``.
    root : Path or None
        Absolute path of the deepest folder that contains all folders that were named, and the
        folders of all files that were named; None if they are on different drives.
    skipped : str
        Pictures in formats that cannot be read; see `danpredict.files.pictures.skipped_pictures`.
    """

    files: dict[str, Path]
    root: Path | None
    skipped: str


def _pattern_folder(pattern: str) -> str:
    """The folder in front of the first wildcard of a pattern."""
    folder = pattern
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120  # a pattern is not a path
    return folder


def _expand(text: str, out: Path | None) -> Iterator[tuple[str, list[Path]]]:
    """The folder of a path or pattern, and its files; several of both for a pattern."""
    path = Path(text)
    if path.is_dir():
        yield text, files_below(path, out)
    elif path.is_file():
        yield str(path.parent), [path]
    elif glob.has_magic(text):
        root = _pattern_folder(text)
        matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207
        if not matches:
            raise FileNotFoundError(f"expected pictures, found none that match {text}")
        yield root, [match for match in matches if match.is_file()]
        for match in matches:
            if match.is_dir():
                yield root, files_below(match, out)
    else:
        raise FileNotFoundError(
            f"expected a photo, a folder or a pattern such as 'photos/*.jpg', found no {text}"
        )


def _common_folder(folders: Iterable[str]) -> Path | None:
    try:
        return Path(os.path.commonpath([Path(folder).absolute() for folder in folders]))
    except ValueError:  # different drives of Windows
        return None


def find_photos(paths: Sequence[str], out: Path | None = None) -> Photos:
    """Find the photos of all paths, each once.

    Parameters
    ----------
    paths : sequence of str
        Files, which may have any name; folders, of which all pictures in them and below are taken;
        and patterns such as ``photos/**/*.jpg``, which shells of Windows do not expand. Folders
        with outputs of earlier runs are left out.
    out : Path, optional
        The folder of this run's outputs, left out too.

    Raises
    ------
    FileNotFoundError
        A path does not exist, or there are no pictures.
    ValueError
        ``out`` contains one of the folders.
    """
    files: dict[str, Path] = {}
    known: set[str] = set()
    folders, others = [], []
    for text in paths:
        for folder, found in _expand(text, out):
            folders.append(folder)
            named = [Path(text)] == found  # a file that was named may have any suffix
            for path in found:
                place = os.path.normcase(os.path.abspath(path))  # noqa: PTH100  # keeps links
                if not named and not is_picture(path):
                    others.append(path)
                elif place not in known:
                    known.add(place)
                    files[path.as_posix()] = path
    skipped = skipped_pictures(others)
    if not files:
        raise none_found(", ".join(paths), skipped)
    return Photos(dict(sorted(files.items())), _common_folder(folders), skipped)
