"""Time all predictors on the same boxes, in one run: ``compare.py --speed``.

After a warm-up, the predictors are called in turn, in shuffled order, in one process. The results
are medians and quartiles. The ratio to the first predictor is the median of the ratios of
neighbouring calls, so that a temporary slowdown of the machine does not change it. Import time,
loading time and memory are measured in separate processes. `bench` says what is measured.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import partial
from typing import Any

import cv2
from tqdm import tqdm

from danpredict.cascade.parallel import available_cores

from .bench import Bench, Plan
from .clips import time_clip
from .folder import time_folder
from .profile_face import profile
from .profile_stages import time_stages
from .speed_pictures import Image, crowd, enlarged, jittered, magnified, megapixels
from .starts import time_starts
from .timing import interleaved, median_ratio, take_turns


def time_calls(bench: Bench, plan: Plan) -> list[dict[str, Any]]:
    """Time calls for one face and for several, on one thread and on all.

    The first row is one face on one thread. The last row is the largest number of faces, all
    different, on all threads.
    """
    pictures = [enlarged(bench.image, rows, columns) for rows, columns in plan.sizes]
    images = [(megapixels(picture), picture) for picture in pictures]
    cases = [
        (what, image, jittered(bench.rect, n), threads)
        for what, image in images
        for n in plan.faces
        for threads in (1, None)
    ]
    large, rect = large_face(bench, plan)
    cases.append((f"{images[-1][0]}, the face equally larger", large, [rect], 1))
    many, rects = crowd(bench.image, bench.rect, plan.faces[-1])
    cases += [(f"{megapixels(many)}, all different", many, rects, threads) for threads in (1, None)]
    previous = cv2.getNumThreads()
    found = []
    for what, image, rects, threads in tqdm(cases, "calls", leave=False):
        cv2.setNumThreads(threads or previous)
        timing = interleaved(bench.calls(image, rects, threads), plan.seconds)
        found.append(
            {
                "image": what,
                "faces": len(rects),
                "threads": threads or available_cores(),
                **{name: asdict(t) for name, t in timing.items()},
            }
        )
    cv2.setNumThreads(previous)
    return found


def large_face(bench: Bench, plan: Plan) -> tuple[Image, Any]:
    """The face in a picture as large as the largest one, and as large in it as in the small one."""
    return magnified(bench.image, bench.rect, math.isqrt(math.prod(plan.sizes[-1])))


def time_large_face(bench: Bench, plan: Plan) -> dict[str, float]:
    """Time of the large face, in multiples of the small face's time, one thread; by predictor."""
    large, rect = large_face(bench, plan)
    small_calls = bench.calls(bench.image, [bench.rect], 1)
    large_calls = bench.calls(large, [rect], 1)
    taken = take_turns(
        {(name, size): call for size, calls in (("small", small_calls), ("large", large_calls))
         for name, call in calls.items()},
        plan.seconds,
    )  # fmt: skip
    return {name: median_ratio(taken[name, "large"], taken[name, "small"]) for name in small_calls}


def time_growth(bench: Bench, plan: Plan) -> dict[str, list[Any]]:
    """Medians against the number of faces on all threads, and against megapixels on one thread."""
    found: dict[str, list[Any]] = {"faces": [], "pixels": []}
    for count in tqdm(plan.growth_faces, "growth with faces", leave=False):
        calls = bench.calls(*crowd(bench.image, bench.rect, count), None)
        timing = interleaved(calls, plan.seconds / 2)
        found["faces"].append([count, {name: t.median for name, t in timing.items()}])
    previous = cv2.getNumThreads()
    cv2.setNumThreads(1)
    for side in tqdm(plan.growth_sides, "growth with the image", leave=False):
        calls = bench.calls(enlarged(bench.image, side, side), [bench.rect], 1)
        timing = interleaved(calls, plan.seconds / 2)
        found["pixels"].append([side**2 / 1e6, {name: t.median for name, t in timing.items()}])
    cv2.setNumThreads(previous)
    return found


def time_parts(bench: Bench, plan: Plan) -> dict[str, Any]:
    """Time of the stages and of the parts of the first model of danpredict, one thread."""
    file = bench.first_file()
    if file is None:
        return {"stages": [], "parts": {}}
    previous = cv2.getNumThreads()
    cv2.setNumThreads(1)
    stages = time_stages(file, bench.image, bench.rect, plan.seconds)
    # The first predictor runs before every call, as in the other measurements.
    rival = partial(bench.contestants[0].predictor, bench.image, bench.rect)
    parts = profile(file, bench.image, bench.rect, rival, plan.seconds)
    cv2.setNumThreads(previous)
    return {"stages": [asdict(timing) for timing in stages], "parts": parts}


def benchmark(bench: Bench, plan: Plan) -> dict[str, Any]:
    """Measure everything that the tables and the pictures show."""
    clips = [time_clip(clip, bench.contestants) for clip in plan.clips]
    folders = [] if plan.folder is None else [time_folder(plan.folder, bench.contestants)]
    return {
        "throughput": clips + folders,
        "starts": time_starts(bench.contestants, bench.rect, plan.starts),
        "calls": time_calls(bench, plan),
        "large face": time_large_face(bench, plan),
        **time_growth(bench, plan),
        **time_parts(bench, plan),
        "sizes": {
            c.name: c.file.stat().st_size / 1e6 for c in bench.contestants if c.file is not None
        },
    }
