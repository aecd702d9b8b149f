"""Decode pictures with Pillow, in formats that OpenCV does not read."""

from __future__ import annotations

import io
import warnings
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from danpredict.geometry.sampling import Image

# Pillow calls these formats by other names than their suffixes. Formats that start other programs
# (EPS runs Ghostscript) are left out on purpose. HEIF needs the package pillow-heif.
FORMATS = (
    "AVIF", "BMP", "DDS", "GIF", "HEIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM",
    "PSD", "QOI", "SGI", "TGA", "TIFF", "WEBP",
)  # fmt: skip
HEIF_PLUGIN = "pillow_heif"
HEIF = frozenset([".heic", ".heif"] if find_spec(HEIF_PLUGIN) else [])
PILLOW_PICTURES = HEIF | frozenset([
    ".dds", ".icns", ".ico", ".j2c", ".j2k", ".jpx", ".pcx", ".psd", ".qoi", ".sgi", ".tga",
])  # fmt: skip


def decode_with_pillow(data: bytes, *, upright: bool) -> Image | None:
    """Decode the first picture of a file; None if Pillow cannot.

    Parameters
    ----------
    data : bytes
        Contents of the file.
    upright : bool
        Rotate the picture by its EXIF orientation.

    Returns
    -------
    (H, W, 3) uint8, RGB, or None
    """
    from PIL import Image as PillowImage
    from PIL import ImageOps

    if HEIF:
        import_module(HEIF_PLUGIN).register_heif_opener()
    PillowImage.init()
    known = [name for name in FORMATS if name in PillowImage.OPEN]
    try:
        with warnings.catch_warnings():
            # A warning here is about a file that is damaged or very large.
            warnings.simplefilter("ignore")
            with PillowImage.open(io.BytesIO(data), formats=known) as picture:
                turned = ImageOps.exif_transpose(picture) if upright else picture
                return np.asarray(turned.convert("RGB"), np.uint8)
    except Exception:  # Pillow's decoders raise exceptions of all kinds for damaged files
        return None
