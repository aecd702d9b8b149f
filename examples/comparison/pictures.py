"""Compare on photos: ``compare.py --image``."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.files.outputs import write_bytes
from danpredict.files.pictures import PICTURES, encode_picture, read_picture, skipped_pictures
from danpredict.landmarks.points import landmarks_of

from .contestants import Contestant
from .drawing import Image, draw_face
from .timing import Timed

REPEATS = 20  # calls per face, for the median time


@dataclass
class Side:
    """The results of all predictors on one face.

    Attributes
    ----------
    title : str
        Picture and box.
    tiles : RGB picture of each predictor's landmarks
    apart : mean distance from the first predictor's landmarks, pixels, by name
    confidence : by name, if the predictor gives one
    """

    title: str
    tiles: dict[str, Image]
    apart: dict[str, float]
    confidence: dict[str, float]


def read_pictures(paths: Sequence[Path], webcam: int | None) -> Iterator[tuple[str, Image]]:
    """Names and RGB pictures of files, folders or a camera; default: the astronaut.

    Raises
    ------
    ValueError, OSError
        A file is no picture, a folder has no pictures, or there is no such camera.
    """
    if webcam is not None:
        camera = cv2.VideoCapture(webcam)
        read, frame = camera.read()
        camera.release()
        if not read:
            raise ValueError(f"expected a frame from camera {webcam}, got none")
        yield f"camera {webcam}", np.ascontiguousarray(frame[..., ::-1])
    elif not paths:
        from skimage import data

        yield "scikit-image's astronaut", data.astronaut()  # type: ignore[no-untyped-call]
    for path in paths:
        files = [path]
        if path.is_dir():
            skipped = skipped_pictures(path.iterdir())
            if skipped:
                print(f"{path}: skipped files in formats that cannot be read: {skipped}")
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
            if not files:
                raise ValueError(f"expected a picture or a folder of pictures, got {path}")
        for file in files:
            yield file.name, read_picture(file, upright=True)


def _face(title: str, image: Image, rect: Any, contestants: Sequence[Contestant],
          timed: dict[str, Timed]) -> Side:  # fmt: skip
    for repeat in range(REPEATS):
        names = list(timed) if repeat % 2 else list(reversed(timed))
        detections = {name: timed[name](image, rect) for name in names}
    points: dict[str, NDArray[np.floating]] = {n: landmarks_of(d) for n, d in detections.items()}
    first = points[contestants[0].name]
    confidences = {n: getattr(d, "confidence", None) for n, d in detections.items()}
    return Side(
        f"{title}, face at {rect}",
        {c.name: draw_face(image, rect, points[c.name], c.name, c.colour) for c in contestants},
        {
            c.name: float(np.linalg.norm(points[c.name] - first, axis=1).mean())
            for c in contestants[1:]
        },
        {n: confidence for n, confidence in confidences.items() if confidence is not None},
    )


def compare_pictures(
    pictures: Iterator[tuple[str, Image]], contestants: Sequence[Contestant]
) -> tuple[list[Side], dict[str, float]]:
    """Compare on all faces that dlib's HOG detector finds; also the median times (ms).

    Raises
    ------
    ValueError
        The detector finds no face.
    """
    import dlib

    detector = dlib.get_frontal_face_detector()
    timed = {contestant.name: Timed(contestant.predictor) for contestant in contestants}
    sides = []
    for title, image in pictures:
        rects = detector(image, 0) or detector(image, 1)  # a second, slower search for small faces
        sides += [_face(title, image, rect, contestants, timed) for rect in rects]
    if not sides:
        raise ValueError("no face found: dlib's HOG detector finds none in these pictures")
    return sides, {name: statistics.median(t.milliseconds) for name, t in timed.items()}


def print_pictures(sides: list[Side], times: dict[str, float], out: Path) -> None:
    """Print the distances and times, and write the picture."""
    for side in sides:
        print(side.title)
        for name, apart in side.apart.items():
            first = next(iter(side.tiles))
            print(f"  {name} is {apart:.2f} pixels from {first} (mean of 68 landmarks)")
        for name, confidence in side.confidence.items():
            print(f"  {name}'s confidence: {confidence:.2f}")
    print(f"{'predictor':<12} {'faces':>5} {'ms/face':>8}")
    for name, milliseconds in times.items():
        print(f"{name:<12} {len(sides):>5} {milliseconds:>8.2f}")
    rows = [np.hstack(list(side.tiles.values())) for side in sides]
    write_bytes(out, encode_picture(np.vstack(rows), out.suffix))
    print(f"wrote {out}")
