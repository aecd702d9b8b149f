"""Jitter of landmarks in videos: dlib and danpredict frame by frame, and danpredict's tracker.

    python examples/jitter.py talking.mp4 other.mp4

Jitter is the mean length of the second difference of the landmarks, divided by the inter-ocular
distance. The landmarks of each frame are first aligned to the mean shape, so that movements of the
head do not count. All three start from dlib's HOG detector. Frames without a face are left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from comparison.clips import upsample_for
from comparison.contestants import find_dlib_model
from numpy.typing import NDArray
from tqdm import tqdm

import danpredict
from danpredict.error_boundary import needed_by, run_program
from danpredict.geometry.similarity import face_transform
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.points import landmarks_of
from danpredict.video.files import Video

with needed_by("jitter.py", "pip install 'danpredict[dlib-bin]'"):
    import dlib


Frames = list[NDArray[np.floating] | None]


def jitter(frames: Frames, mean_shape: NDArray[np.floating]) -> float:
    """In percent of the inter-ocular distance, over all triples of frames with a face."""
    layout = danpredict.convention("ibug68")
    shapes: Frames = []
    for points in frames:
        if points is None:
            shapes.append(None)
            continue
        shapes.append(np.asarray(face_transform(points, mean_shape)(points)))
    scale = face_scale(mean_shape[None], layout)[0]
    lengths = [
        np.linalg.norm(c - 2 * b + a, axis=1).mean() / scale
        for a, b, c in zip(shapes, shapes[1:], shapes[2:], strict=False)
        if a is not None and b is not None and c is not None
    ]
    return 100 * float(np.mean(lengths)) if lengths else float("nan")


def main(arguments: list[str] | None = None) -> int:
    """Print a table with a row per video."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--model", help="model for single frames and for tracking")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)
    return run_program("jitter.py", lambda: measure(given), debug=given.debug)


def measure(given: argparse.Namespace) -> None:
    """Print the table."""
    path = find_dlib_model(None)
    detector = dlib.get_frontal_face_detector()
    ours = danpredict.DANShapePredictor(given.model)
    predictors: dict[str, Callable[[Any, Any], Any]] = {"danpredict": ours}
    if path is not None:
        predictors = {"dlib": dlib.shape_predictor(str(path)), **predictors}
    names = [*predictors, "tracked"]
    print(f"| | frames | {' | '.join(f'{n}, %' for n in names)} | detect + predict / track, time |")
    print("|---|---|" + "---|" * (len(names) + 1))
    for file in given.videos:
        video = Video(file)
        upsample = upsample_for(video)
        look = danpredict.load_detector("dlib", upsample=upsample)
        tracker = danpredict.Tracker(ours if given.model else None, look)
        found: dict[str, Frames] = {name: [] for name in names}
        times: dict[str, list[float]] = {"detect": [], "track": []}
        for frame in tqdm(video, file.stem, video.frames, leave=False):
            start = time.perf_counter()
            rects = detector(frame, upsample)
            rect = max(rects, key=lambda r: r.area()) if rects else None
            if rect is not None:
                landmarks = landmarks_of(ours(frame, rect))
            times["detect"].append(time.perf_counter() - start)
            start = time.perf_counter()
            faces = tracker.update(frame)
            times["track"].append(time.perf_counter() - start)
            largest = max(faces, key=lambda f: f.rect.area()) if faces and rect else None
            found["tracked"].append(None if largest is None else landmarks_of(largest))
            found["danpredict"].append(None if rect is None else landmarks)
            if "dlib" in predictors:
                theirs = None if rect is None else landmarks_of(predictors["dlib"](frame, rect))
                found["dlib"].append(theirs)
        cells = [f"{jitter(found[name], np.array(ours.info['mean_shape'])):.2f}" for name in names]
        faster = np.median(times["detect"]) / np.median(times["track"])
        print(f"| {file.stem} | {len(times['track'])} | {' | '.join(cells)} | {faster:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
