"""Writing files: completely or not at all, and never over an input.

Data is written to a hidden temporary file in the target's folder, flushed to the disk and renamed.
If anything fails, the temporary file is removed and an older target stays as it was. A killed
process can leave a temporary file behind; its name starts with ``.danpredict-``.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

TEMPORARY = ".danpredict-"


def _flush(path: Path) -> None:
    """Wait until a file is on the disk. Errors of a full disk may occur only then."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_target(path: Path) -> None:
    """Raise if the target must not be replaced. A rename would replace even a device."""
    if path.is_dir():
        raise IsADirectoryError(f"expected a file to write to, got the folder {path}")
    if path.exists() and not path.is_file():
        raise ValueError(f"expected a file to write to, got {path}, a device or a pipe")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"expected a writable file, got the read-only {path}")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Provide a temporary path to write to, and rename it to ``path`` if the block succeeds.

    The temporary file has the target's suffix, since many writers choose their format by it. The
    target keeps its permissions. If it is a symbolic link, the linked file is replaced.

    Raises
    ------
    OSError
        The disk is full, or the folder or the target is read-only. The target is unchanged.
    ValueError
        The target is a device or a pipe.
    """
    target = Path(os.path.realpath(path))
    _check_target(target)
    temporary = target.with_name(f"{TEMPORARY}{secrets.token_hex(6)}{target.suffix}")
    try:
        yield temporary
        _flush(temporary)
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_text(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Provide a stream for UTF-8 text, with line ends as they are written; see `replacing`."""
    # Names of files that are not valid UTF-8 keep their bytes.
    options: Any = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
    with replacing(path) as temporary, temporary.open("w", **options) as stream:
        yield stream


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file completely or not at all; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 file completely or not at all, with line ends as they are; see `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def identity(path: Path) -> tuple[int, int] | str:
    """The same value for all paths and links of a file, also of one that is missing."""
    try:
        status = path.stat()
    except OSError:
        return os.path.normcase(os.path.realpath(path))
    return status.st_dev, status.st_ino


def check_outputs(outputs: Sequence[Path], inputs: Iterable[Path] = ()) -> None:
    """Check the paths of outputs before any work is done.

    Parameters
    ----------
    outputs : sequence of Path
        Files that will be written.
    inputs : iterable of Path
        Files that will be read. None of them may be an output.

    Raises
    ------
    ValueError
        An output is an input, is named twice, or is a device or a pipe; or its folder is missing or
        read-only.
    OSError
        An output is a folder or a read-only file.
    """
    read = {identity(path): path for path in inputs}
    written: dict[object, Path] = {}
    for path in outputs:
        folder = path.parent
        if not folder.is_dir():
            raise ValueError(f"expected an existing folder for {path}, found no {folder}")
        _check_target(path)
        if not os.access(folder, os.W_OK):
            raise ValueError(f"expected a writable folder for {path}, got the read-only {folder}")
        own = identity(path)
        if own in read:
            raise ValueError(f"{path} would overwrite the input {read[own]}: choose another output")
        if own in written:
            raise ValueError(f"expected different outputs, got {written[own]} and {path}")
        written[own] = path


def check_suffix(path: Path, suffixes: Iterable[str]) -> None:
    """Raise ValueError if an output's name does not end in one of the suffixes."""
    known = list(suffixes)
    if path.suffix.lower() not in known:
        names = " or ".join(known)
        raise ValueError(f"expected an output name that ends in {names}, got {path}")
