"""What ``compare.py --speed`` measures, and the predictors that it calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import danpredict

from .contestants import Contestant
from .speed_pictures import Image
from .timing import Call


@dataclass(frozen=True)
class Plan:
    """What is measured, and for how long.

    Attributes
    ----------
    clips : paths of videos to track
    folder : Path or None
        Pictures to align.
    sizes : rows and columns of the images, the smallest first
    faces : numbers of faces in a call
    growth_faces, growth_sides : the same, and sides of square images, for the plots
    seconds : float
        Of calls for each measurement.
    starts : int
        Processes for start, loading and memory.
    """

    clips: tuple[Path, ...] = ()
    folder: Path | None = None
    sizes: tuple[tuple[int, int], ...] = ((512, 512), (3000, 4000))  # 0.3 and 12 megapixels
    faces: tuple[int, ...] = (1, 8, 64)
    growth_faces: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    growth_sides: tuple[int, ...] = (512, 1024, 2048, 4096)
    seconds: float = 2.0
    starts: int = 5


class Bench:
    """All predictors on one face."""

    def __init__(self, contestants: Sequence[Contestant]) -> None:
        import dlib
        from skimage import data

        self.contestants = contestants
        self.image: Image = data.astronaut()  # type: ignore[no-untyped-call]
        self.rect = dlib.get_frontal_face_detector()(self.image, 0)[0]
        self.ours = {
            (c.name, threads): danpredict.DANShapePredictor(str(c.file), threads=threads)
            for c in contestants
            for threads in (1, None)
            if c.ours is not None
        }

    def calls(self, image: Image, rects: Sequence[Any], threads: int | None) -> dict[str, Call]:
        """One call per predictor. Only danpredict has threads and batches."""

        def call(contestant: Contestant) -> Call:
            if contestant.ours is not None:
                predictor = self.ours[contestant.name, threads]
                return lambda: predictor.predict(image, rects)
            return lambda: [contestant.predictor(image, rect) for rect in rects]

        return {contestant.name: call(contestant) for contestant in self.contestants}

    def first_file(self) -> Path | None:
        """File of the first model of danpredict."""
        files = [c.file for c in self.contestants if c.ours is not None and c.file is not None]
        return files[0] if files else None
