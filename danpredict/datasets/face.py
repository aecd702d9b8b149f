"""One annotated face, with or without its picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from danpredict.files.pictures import read_picture
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray

BoxTuple = tuple[float, float, float, float]  # left, top, right, bottom; image pixels, inclusive


@dataclass(frozen=True)
class LabelledFace:
    """One annotated face and its picture.

    Attributes
    ----------
    path : Path
        The picture's file.
    landmarks : (L, 2) float
        Image pixels; the centre of the top-left pixel is (0, 0). NaN (x and y) for landmarks that
        are not labelled.
    box : (left, top, right, bottom) or None
        A detector's box, image pixels, inclusive; None if there is none.
    image : (H, W) or (H, W, 3) uint8 or None
        The picture, if it is not in a file.
    """

    path: Path
    landmarks: FloatArray
    box: BoxTuple | None = None
    image: Image | None = None

    def picture(self) -> Image:
        """The picture, (H, W) gray or (H, W, 3) RGB uint8; raises as `read_picture`."""
        return read_picture(self.path) if self.image is None else self.image

    @property
    def photo(self) -> str:
        """Name of the photo. 300-W numbers faces from the same photo ``_1``, ``_2``, ..."""
        return f"{self.path.parent.name}/{re.sub(r'_[0-9]$', '', self.path.stem)}"


class FaceLandmarks(NamedTuple):
    """The landmarks of one face, with the name of its picture.

    Attributes
    ----------
    picture : str
        The picture's name, as the file of landmarks gives it.
    landmarks : (L, 2) float
        Image pixels; the centre of the top-left pixel is (0, 0). NaN for unknown landmarks.
    box : (left, top, right, bottom) or None
        Image pixels, inclusive.
    """

    picture: str
    landmarks: FloatArray
    box: BoxTuple | None = None
