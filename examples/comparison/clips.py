"""Frames a second on videos: tracking against detecting and predicting in every frame."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import danpredict
from danpredict.video.files import WRITABLE, Video

from .contestants import Contestant
from .speed_pictures import Image

FRAMES = 60  # of each video, at most; the tracker calls its detector every 30 frames
SMALL = 400  # pixels; smaller videos are enlarged for the detector, which needs 80 pixels a face


def upsample_for(video: Video) -> int:
    """How often dlib's detector has to enlarge the frames; see `danpredict.load_detector`."""
    return int(min(video.first.shape[:2]) < SMALL)


def find_clips(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The videos, and those in the folders.

    Raises
    ------
    FileNotFoundError
        A folder has no video.
    """
    found: list[Path] = []
    for path in paths:
        clips = [path]
        if path.is_dir():
            clips = sorted(p for p in path.iterdir() if p.suffix.lower() in WRITABLE)
            if not clips:
                raise FileNotFoundError(f"expected videos ({', '.join(WRITABLE)}), found none in "
                                        f"{path}")  # fmt: skip
        found += clips
    return tuple(found)


def time_clip(path: Path, contestants: Sequence[Contestant]) -> dict[str, Any]:
    """Frames a second, in turn at each frame, in shuffled order.

    danpredict's models run in a `danpredict.Tracker`. The other predictors run on all boxes that
    dlib's detector finds in a frame, and the time of the detector counts. Reading the video does
    not count. All predictors use their default number of threads.

    Raises
    ------
    FileNotFoundError, ValueError
        The video cannot be played, or dlib's detector finds no face in it.
    """
    video = Video(path)
    upsample = upsample_for(video)
    look = danpredict.load_detector("dlib", upsample=upsample)
    import dlib

    detector = dlib.get_frontal_face_detector()
    trackers = {c.name: danpredict.Tracker(c.ours, look) for c in contestants if c.ours is not None}
    others = {c.name: c.predictor for c in contestants if c.ours is None}
    rects: list[Any] = []
    faces = 0

    def detect(frame: Image) -> None:
        rects[:] = detector(frame, upsample)

    def predict(predictor: Callable[[Any, Any], Any]) -> Callable[[Image], object]:
        return lambda frame: [predictor(frame, rect) for rect in rects]

    steps: dict[str, Callable[[Image], object]] = {
        **{name: predict(predictor) for name, predictor in others.items()},
        **{name: tracker.update for name, tracker in trackers.items()},
    }
    picture, somewhere = np.asarray(video.first, np.uint8), danpredict.rectangle(0, 0, 99, 99)
    for contestant in contestants:  # the first call of a model is slower
        contestant.predictor(picture, somewhere)
    order = random.Random(0)
    seconds = dict.fromkeys(["detector", *steps], 0.0)
    frames = 0
    for frame in tqdm(islice(video, FRAMES), path.stem, leave=False):
        frames += 1
        for name, step in [("detector", detect), *order.sample(list(steps.items()), len(steps))]:
            start = time.perf_counter()
            step(frame)
            seconds[name] += time.perf_counter() - start
        faces += len(rects)
    if not faces:
        raise ValueError(f"expected a video with faces, dlib's detector found none in {path}")
    for name in others:
        seconds[name] += seconds["detector"]
    first = contestants[0].name
    height, width = video.first.shape[:2]
    return {
        "what": f"{path.stem}, {width} x {height}, {frames} frames, frames a second",
        **{
            name: {"rate": frames / seconds[name], "ratio": seconds[first] / seconds[name]}
            for name in steps
        },
    }
