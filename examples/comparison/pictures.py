"""Contestants side by side on photos: ``compare.py --image``."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.evaluation.evaluate import landmarks_of
from danpredict.files.outputs import write_bytes
from danpredict.files.pictures import PICTURES, read_picture, skipped_pictures

from .contestants import Contestant, Timed
from .drawing import Image, draw_face, encode

REPEATS = 20  # calls per face, for the median time


@dataclass
class Side:
    """One face as all contestants see it.

    Attributes
    ----------
    title : str
        Picture and rectangle.
    tiles : RGB picture of each contestant
    apart : mean distance to the first contestant, pixels, by name
    confidence : by name, where the contestant tells it
    """

    title: str
    tiles: dict[str, Image]
    apart: dict[str, float]
    confidence: dict[str, float]


def read_pictures(paths: Sequence[Path], webcam: int | None) -> Iterator[tuple[str, Image]]:
    """Names and RGB pictures: files, folders of them, a camera's frame; the astronaut by default.

    Raises
    ------
    ValueError, OSError
        No picture, or none in a folder, or no such camera.
    """
    if webcam is not None:
        camera = cv2.VideoCapture(webcam)
        read, frame = camera.read()
        camera.release()
        if not read:
            raise ValueError(f"expected a picture of camera {webcam}, got none")
        yield f"camera {webcam}", np.ascontiguousarray(frame[..., ::-1])
    elif not paths:
        from skimage import data

        yield "scikit-image's astronaut", data.astronaut()  # type: ignore[no-untyped-call]
    for path in paths:
        files = [path]
        if path.is_dir():
            skipped = skipped_pictures(path.iterdir())
            if skipped:
                print(f"{path}: skipped, since OpenCV does not read them: {skipped}")
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES)
            if not files:
                raise ValueError(f"expected a picture, or a folder of them, got {path}")
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
    """All faces that dlib's HOG detector finds, and each contestant's median time (ms).

    Raises
    ------
    ValueError
        There is no face in any of the pictures.
    """
    import dlib

    detector = dlib.get_frontal_face_detector()
    timed = {contestant.name: Timed(contestant.predictor) for contestant in contestants}
    sides = []
    for title, image in pictures:
        rects = detector(image, 0) or detector(image, 1)  # enlarged only where nothing is found
        sides += [_face(title, image, rect, contestants, timed) for rect in rects]
    if not sides:
        raise ValueError("no face found: dlib's HOG detector sees none in what it was given")
    return sides, {name: statistics.median(t.milliseconds) for name, t in timed.items()}


def print_pictures(sides: list[Side], times: dict[str, float], out: Path) -> None:
    """Say how far apart they are and how long they take, and write the tiles."""
    for side in sides:
        print(side.title)
        for name, apart in side.apart.items():
            first = next(iter(side.tiles))
            print(f"  {name} lies {apart:.2f} pixels from {first} (mean of 68 points)")
        for name, confidence in side.confidence.items():
            print(f"  {name}'s confidence: {confidence:.2f}")
    print(f"{'predictor':<12} {'faces':>5} {'ms/face':>8}")
    for name, milliseconds in times.items():
        print(f"{name:<12} {len(sides):>5} {milliseconds:>8.2f}")
    rows = [np.hstack(list(side.tiles.values())) for side in sides]
    write_bytes(out, encode(np.vstack(rows), out.suffix))
    print(f"wrote {out}")
