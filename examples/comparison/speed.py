"""Time all predictors on the same boxes, in one run: ``compare.py --speed``.

After a warm-up, the predictors are called in turn, in shuffled order, in one process. The results
are medians and quartiles. The ratio to the first predictor is the median of the ratios of
neighbouring calls, so that a temporary slowdown of the machine does not change it. Import time,
loading time and memory are measured in separate processes.
"""

from __future__ import annotations

import copy
import json
import math
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

import danpredict
from danpredict.cascade.parallel import available_cores

from .contestants import Contestant
from .profile_face import profile
from .speed_pictures import Image, crowd, enlarged, jittered, magnified, megapixels

SIZES = ((512, 512), (3000, 4000))  # rows, columns: 0.3 and 12 megapixels
FACES = (1, 8, 64)
GROWTH_FACES = (1, 2, 4, 8, 16, 32, 64)
GROWTH_SIDES = (512, 1024, 2048, 4096)
SECONDS = 2.0  # of calls for each measurement
STARTS = 5  # processes for start, loading and memory

Call = Callable[[], object]

# Runs in a new process and prints a line of JSON. numpy is imported first: both need it.
PROCESS = """
import json, sys, time
import numpy as np
def resident():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 2**20
    except OSError:
        return float("nan")
def since():
    global last
    now = time.perf_counter()
    passed, last = 1000 * (now - last), now
    return passed
kind, model, sides = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
image = np.zeros((512, 512, 3), np.uint8)
last = time.perf_counter()
row = {}
if kind == "dlib":
    import dlib
    row["import"] = since()
    predictor = dlib.shape_predictor(model)
    rectangle = dlib.rectangle
else:
    import danpredict
    row["import"] = since()
    predictor = danpredict.DANShapePredictor(model)
    rectangle = None
row["load"] = since()
row["memory"] = resident()
rectangle = rectangle or danpredict.rectangle
last = time.perf_counter()
predictor(image, rectangle(*sides))
row["first call"] = since()
print(json.dumps(row))
"""


@dataclass(frozen=True)
class Timing:
    """Milliseconds of a call: median and quartiles, and the ratio to the first predictor."""

    median: float
    low: float
    high: float
    ratio: float


def interleaved(calls: dict[str, Call], seconds: float = SECONDS) -> dict[str, Timing]:
    """Time calls in turn, in shuffled order, for ``seconds`` and at least seven times each."""
    order = random.Random(0)
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():  # warm-up
        call()
        call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(taken.values()))) < 7:
        for name in order.sample(list(calls), len(calls)):
            start = time.perf_counter()
            calls[name]()
            taken[name].append(1000 * (time.perf_counter() - start))
    timings = {}
    for name, values in taken.items():
        low, median, high = statistics.quantiles(values, n=4)
        pairs = zip(values, next(iter(taken.values())), strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        timings[name] = Timing(median, low, high, ratio)
    return timings


class Bench:
    """All predictors on one face."""

    def __init__(self, contestants: Sequence[Contestant]) -> None:
        import dlib
        from skimage import data

        self.contestants = contestants
        self.image = data.astronaut()  # type: ignore[no-untyped-call]
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

    def starts(self) -> dict[str, dict[str, float]]:
        """Import, loading and first call (ms) and memory after loading (MB), by name; medians.

        Predictors without a model file are left out.
        """
        sides = [self.rect.left(), self.rect.top(), self.rect.right(), self.rect.bottom()]
        rows: dict[str, list[dict[str, float]]] = {}
        for _ in range(STARTS):
            for contestant in self.contestants:
                if contestant.file is None:
                    continue
                kind = "danpredict" if contestant.ours is not None else "dlib"
                words = [kind, str(contestant.file), json.dumps(sides)]
                command = [sys.executable, "-c", PROCESS, *words]
                out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                rows.setdefault(contestant.name, []).append(json.loads(out))
        return {
            name: {key: statistics.median(row[key] for row in found) for key in found[0]}
            for name, found in rows.items()
        }

    def first_file(self) -> Path | None:
        """File of the first model of danpredict."""
        files = [c.file for c in self.contestants if c.ours is not None and c.file is not None]
        return files[0] if files else None

    def parts(self) -> dict[str, float]:
        """Milliseconds of each part of a call of danpredict, in turn with the first predictor."""
        file = self.first_file()
        if file is None:
            return {}
        rival = partial(self.contestants[0].predictor, self.image, self.rect)
        return profile(file, self.image, self.rect, rival, SECONDS)

    def by_stages(self) -> list[Timing]:
        """Time one face on one thread, with one stage, two stages, and so on."""
        from danpredict.boxes.face_box import face_box
        from danpredict.cascade.onnx_cascade import shared_cascade
        from danpredict.geometry.similarity import initial_transform
        from danpredict.model.file import read_model

        file = self.first_file()
        if file is None:
            return []
        model = read_model(file)
        whole = shared_cascade(model)
        box = model.box.landmark_box(*face_box(self.rect).sides)
        start = initial_transform(box, whole.mean_shape)
        calls: dict[str, Call] = {}
        for count in range(1, len(whole.stages) + 1):
            part = copy.copy(whole)
            part.stages, part.outputs = whole.stages[:count], whole.outputs[:count]
            calls[str(count)] = lambda part=part: part.refine([self.image], [start])  # type: ignore[misc]
        return list(interleaved(calls).values())


def benchmark(bench: Bench) -> dict[str, Any]:
    """Measure everything that the table and the picture show."""
    results: dict[str, Any] = {"starts": bench.starts(), "calls": [], "faces": [], "pixels": []}
    pictures = [enlarged(bench.image, rows, columns) for rows, columns in SIZES]
    images = [(megapixels(picture), picture) for picture in pictures]
    cases = [
        (what, image, jittered(bench.rect, n), threads)
        for what, image in images
        for n in FACES
        for threads in (1, None)
    ]
    large, rect = magnified(bench.image, bench.rect, math.isqrt(math.prod(SIZES[-1])))
    cases.append((f"{images[-1][0]}, face enlarged alike", large, [rect], 1))
    many, rects = crowd(bench.image, bench.rect, FACES[-1])
    cases += [(f"{megapixels(many)}, all different", many, rects, threads) for threads in (1, None)]
    previous = cv2.getNumThreads()
    for what, image, rects, threads in tqdm(cases, "calls", leave=False):
        cv2.setNumThreads(threads or previous)
        timing = interleaved(bench.calls(image, rects, threads))
        results["calls"].append(
            {
                "image": what,
                "faces": len(rects),
                "threads": threads or available_cores(),
                **{name: asdict(t) for name, t in timing.items()},
            }
        )
    for count in tqdm(GROWTH_FACES, "growth with faces", leave=False):
        timing = interleaved(bench.calls(*crowd(bench.image, bench.rect, count), None), SECONDS / 2)
        results["faces"].append([count, {name: t.median for name, t in timing.items()}])
    cv2.setNumThreads(1)
    for side in tqdm(GROWTH_SIDES, "growth with the image", leave=False):
        calls = bench.calls(enlarged(bench.image, side, side), [bench.rect], 1)
        timing = interleaved(calls, SECONDS / 2)
        results["pixels"].append([side**2 / 1e6, {name: t.median for name, t in timing.items()}])
    results["stages"] = [asdict(timing) for timing in bench.by_stages()]
    results["parts"] = bench.parts()
    results["sizes"] = {
        c.name: c.file.stat().st_size / 1e6 for c in bench.contestants if c.file is not None
    }
    cv2.setNumThreads(previous)
    return results
