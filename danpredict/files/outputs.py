"""How danpredict writes files: the whole file or nothing, and never over an input.

Every file goes to a hidden temporary file beside its target, is flushed to the disk and then
renamed. If anything fails, the temporary file is removed and an older target stays as it was. A
process that is killed can leave a temporary file behind: its name starts with ``.danpredict-``.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

TEMPORARY = ".danpredict-"


def _flush(path: Path) -> None:
    """Wait until a file is on the disk: a full disk may say so only then."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_target(path: Path) -> None:
    """Raise where the target may not be replaced; a rename would even replace a device."""
    if path.is_dir():
        raise IsADirectoryError(f"expected a file to write to, got the folder {path}")
    if path.exists() and not path.is_file():
        raise ValueError(f"expected a file to write to, got {path}, a device or a pipe")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"expected a file that can be written to, got the read-only {path}")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends without an error, rename it.

    The temporary file has the target's suffix, since many writers choose their format by it. The
    target keeps its permissions, and a symbolic link stays a link.

    Raises
    ------
    OSError
        The disk is full, or folder or target may not be written to. The target is unchanged.
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


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a whole file or nothing; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 file or nothing, line ends as they are; see `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file, through links too; either may be missing."""
    try:
        return first.samefile(second)
    except OSError:
        paths = (os.path.normcase(os.path.realpath(path)) for path in (first, second))
        return len(set(paths)) == 1


def check_outputs(outputs: Sequence[Path], inputs: Iterable[Path] = ()) -> None:
    """Check where files will be written, before any work is done.

    Parameters
    ----------
    outputs : files that will be written
    inputs : files that will be read, none of which may be an output

    Raises
    ------
    ValueError
        An output is an input, is named twice, or is no file; or its folder is missing or read-only.
    OSError
        An output is a folder or a read-only file.
    """
    read = list(inputs)
    for number, path in enumerate(outputs):
        folder = path.parent
        if not folder.is_dir():
            raise ValueError(f"expected an existing folder for {path}, found no {folder}")
        _check_target(path)
        if not os.access(folder, os.W_OK):
            raise ValueError(f"expected a folder that can be written to for {path}, got {folder}")
        for other in read:
            if same_file(path, other):
                raise ValueError(f"{path} would overwrite the input {other}: name another output")
        for other in outputs[:number]:
            if same_file(path, other):
                raise ValueError(f"expected different outputs, got {other} and {path}")


def check_suffix(path: Path, suffixes: Iterable[str]) -> None:
    """Raise ValueError where an output's name does not end in one of the suffixes."""
    known = list(suffixes)
    if path.suffix.lower() not in known:
        names = " or ".join(known)
        raise ValueError(f"expected an output name that ends in {names}, got {path}")
