"""Picture files: which formats are read and written, how, and which pictures a table may name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from danpredict.files.pillow import PILLOW_PICTURES, decode_with_pillow
from danpredict.geometry.sampling import Image

# Formats that OpenCV writes.
WRITABLE_PICTURES = frozenset([
    ".avif", ".bmp", ".dib", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".png", ".ppm", ".tif",
    ".tiff", ".webp",
])  # fmt: skip
# Formats that OpenCV or Pillow decodes. Both look at the contents, so they read .jfif as JPEG.
PICTURES = WRITABLE_PICTURES | PILLOW_PICTURES | {".jfif", ".pbm", ".pgm"}
# Formats that neither decodes. Programs that read folders report that they skip these.
OTHER_PICTURES = (
    frozenset([
        ".arw", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".jxl", ".nef", ".orf", ".raf", ".raw",
        ".rw2", ".svg",
    ])
    - PICTURES
)  # fmt: skip
AVIF = b"ftypavif"  # bytes 4 to 11 of a file; OpenCV ignores the orientation of such pictures


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence OpenCV's messages on standard error: an exception reports the problem."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


def read_picture(path: Path, *, upright: bool = False) -> Image:
    """Read a picture, or the first one of an animation or a stack.

    Parameters
    ----------
    upright : bool
        Rotate the picture by its EXIF orientation. Files of landmarks refer to the pixels as
        stored, without this rotation.

    Returns
    -------
    (H, W, 3) uint8, RGB

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        Neither OpenCV nor Pillow can read the file as a picture.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a picture, found no such file: {path}")
    # Decoded from memory: OpenCV cannot open all file names that Python can open.
    data = path.read_bytes()
    decoders: list[Callable[..., Image | None]] = [
        partial(_decode_with_opencv, path=path),
        decode_with_pillow,
    ]
    if upright and data[4:12] == AVIF:
        decoders.reverse()
    for decode in decoders:
        image = decode(data, upright=upright)
        if image is not None:
            return image
    raise ValueError(
        f"expected a picture, got a file that neither OpenCV nor Pillow can decode: {path}"
    )


def _decode_with_opencv(data: bytes, *, upright: bool, path: Path) -> Image | None:
    flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = np.frombuffer(data, np.uint8)
    try:
        with quiet_opencv():
            image = cv2.imdecode(pixels, flags) if pixels.size else None
    except cv2.error as error:  # for example more pixels than OpenCV allows, 2 ** 30
        raise ValueError(f"expected a picture, but OpenCV refuses {path}: {error.err}") from error
    return None if image is None else np.ascontiguousarray(image[..., ::-1])


def encode_picture(image: Image, suffix: str) -> bytes:
    """Encode a gray or RGB picture as a file of this kind, one of `WRITABLE_PICTURES`.

    Raises
    ------
    ValueError
        OpenCV cannot write the picture in this format: it is too large, or gray for ``.gif`` or
        ``.ppm``.
    """
    bgr = image if image.ndim == 2 else np.ascontiguousarray(image[..., ::-1])
    try:
        with quiet_opencv():
            encoded, data = cv2.imencode(suffix, bgr)
    except cv2.error as error:
        raise ValueError(f"OpenCV cannot write {suffix} files: {error.err}") from error
    if not encoded:
        raise ValueError(f"OpenCV cannot write a picture of shape {image.shape} as {suffix}")
    return data.tobytes()


def is_file(path: Path) -> bool:
    """Whether the file exists; False also for names that the file system does not allow."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long or has a null character
        return False


def check_below(folder: Path, picture: Path) -> Path:
    """Return the picture if it is in a table's folder or below; links are followed.

    Otherwise an untrusted table could make danpredict read any file of the computer.

    Raises
    ------
    ValueError
        The picture is elsewhere.
    """
    try:
        inside = picture.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a name that is too long; links that form a circle
        inside = False
    if not inside:
        raise ValueError(f"expected pictures in the folder {folder} or below, got {picture}")
    return picture


def skipped_pictures(paths: Iterable[Path]) -> str:
    """Count pictures in unsupported formats, e.g. ``".heic (3), .svg (1)"``; "" for none."""
    suffixes = Counter(path.suffix.lower() for path in paths)
    other = sorted(suffix for suffix in suffixes if suffix in OTHER_PICTURES)
    return ", ".join(f"{suffix} ({suffixes[suffix]})" for suffix in other)
