"""One annotated face."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from danpredict.files.pictures import read_picture
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, inclusive


@dataclass(frozen=True)
class LabelledFace:
    """One annotated face. Landmarks are (L, 2) in image pixels, the top-left centre is (0, 0).

    Landmarks that are not labelled are NaN, x and y.
    ``rectangle`` is a detector's (left, top, right, bottom), inclusive; None where there is none.
    ``image`` is for pictures that lie on no disk.
    """

    path: Path
    landmarks: FloatArray
    rectangle: Rectangle | None = None
    image: Image | None = None

    def picture(self) -> Image:
        """H x W gray or H x W x 3 RGB uint8; see `read_picture`."""
        return read_picture(self.path) if self.image is None else self.image

    @property
    def photo(self) -> str:
        """The same for faces cut from one photo: 300-W numbers these ``_1``, ``_2``, ..."""
        return f"{self.path.parent.name}/{re.sub(r'_[0-9]$', '', self.path.stem)}"


class Labels(NamedTuple):
    """One face's landmarks, (L, 2) image pixels from 0, NaN where unknown."""

    picture: str
    landmarks: FloatArray
    rectangle: Rectangle | None = None
