"""Pictures on disk: which files are read, how, and where tables may name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from danpredict.geometry.sampling import Image

# What OpenCV decodes; it looks at the contents, so a .jfif is a JPEG file to it.
PICTURES = frozenset([
    ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm",
    ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp",
])  # fmt: skip
# Pictures that it does not decode: programs that walk folders say that they leave these out.
OTHER_PICTURES = frozenset([
    ".arw", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".j2k", ".jxl", ".nef", ".orf",
    ".psd", ".raf", ".raw", ".rw2", ".svg",
])  # fmt: skip


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Without OpenCV's own lines on standard error: an exception says what is wrong."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


def read_picture(path: Path, *, upright: bool = False) -> Image:
    """Read a picture as H x W x 3 RGB uint8; of an animation or a stack, the first one.

    ``upright`` turns it as its EXIF orientation says. Landmark files mean the pixels as stored.

    Raises
    ------
    FileNotFoundError, ValueError
        The file is missing, or is no picture that OpenCV can read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a picture, found no such file: {path}")
    # Decoded from memory: OpenCV cannot open every file name that Python can.
    data = np.frombuffer(path.read_bytes(), np.uint8)
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        with quiet_opencv():
            image = cv2.imdecode(data, flags) if data.size else None
    except cv2.error as error:  # more pixels than OpenCV allows (2 ** 30), for one
        raise ValueError(f"expected a picture, OpenCV refuses {path}: {error.err}") from error
    if image is None:
        raise ValueError(f"expected a picture, got a file that OpenCV cannot decode: {path}")
    return np.ascontiguousarray(image[..., ::-1])


def is_file(path: Path) -> bool:
    """Whether there is such a file; False, too, for names that the file system cannot have."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long; a null character
        return False


def check_below(folder: Path, picture: Path) -> Path:
    """The picture, if it lies in a table's folder or below, links followed.

    A table from a stranger could otherwise have any file of this machine read.

    Raises
    ------
    ValueError
        It lies elsewhere.
    """
    try:
        inside = picture.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a name that is too long; links in a circle
        inside = False
    if not inside:
        raise ValueError(f"expected pictures in the folder {folder} or below, got {picture}")
    return picture


def skipped_pictures(paths: Iterable[Path]) -> str:
    """Pictures in formats that are not read, such as ``".heic (3), .svg (1)"``; "" for none."""
    suffixes = Counter(path.suffix.lower() for path in paths)
    other = sorted(suffix for suffix in suffixes if suffix in OTHER_PICTURES)
    return ", ".join(f"{suffix} ({suffixes[suffix]})" for suffix in other)
