"""How fast danpredict and dlib are on the same rectangles, in one run: ``compare.py --speed``.

Calls are interleaved in one process, in shuffled order, after a warm-up; medians and quartiles are
given, and the ratio is the median of the ratios of neighbouring calls, which a machine that slows
down for a while does not change. Start, loading and memory are taken in processes of their own.
"""

from __future__ import annotations

import copy
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import danpredict

SMALL, LARGE = (512, 512), (3000, 4000)  # rows, columns: 0.3 and 12 megapixels
FACES = (1, 8, 64)
GROWTH_FACES = (1, 2, 4, 8, 16, 32, 64)
GROWTH_SIDES = (512, 1024, 2048, 4096)
SECONDS = 2.0  # of calls for each figure
STARTS = 5  # processes for start, loading and memory
COLOURS = {"dlib": "#e69f00", "danpredict": "#0072b2"}

Image = NDArray[np.uint8]
Call = Callable[[], object]

# What a fresh process does; it prints a JSON line. numpy is there for both: it holds the image.
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
name, model, sides = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
image = np.zeros((512, 512, 3), np.uint8)
last = time.perf_counter()
row = {}
if name == "dlib":
    import dlib
    row["import"] = since()
    predictor = dlib.shape_predictor(model)
    rectangle = dlib.rectangle
else:
    import danpredict
    row["import"] = since()
    predictor = danpredict.DANShapePredictor(model or None)
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
    """Milliseconds of a call: median and quartiles; ``ratio`` is to dlib's, None without dlib."""

    median: float
    low: float
    high: float
    ratio: float | None = None


def interleaved(calls: dict[str, Call], seconds: float = SECONDS) -> dict[str, Timing]:
    """Time calls in turn, in shuffled order, for some seconds and at least seven times."""
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
        ratio = None
        if "dlib" in taken:
            pairs = zip(values, taken["dlib"], strict=True)
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        timings[name] = Timing(median, low, high, ratio)
    return timings


def enlarged(image: Image, rows: int, columns: int) -> Image:
    """The picture at the top left of a larger one, continued by its own mirror images."""
    height, width = image.shape[:2]
    below, beside = max(0, rows - height), max(0, columns - width)
    return np.asarray(np.pad(image, ((0, below), (0, beside), (0, 0)), "symmetric"), np.uint8)


def jittered(rect: Any, count: int) -> list[Any]:
    """The rectangle, and others a few pixels beside it."""
    rng = np.random.default_rng(0)
    sides = np.array([rect.left(), rect.top(), rect.right(), rect.bottom()])
    moves = [np.zeros(4, int), *rng.integers(-5, 6, (count - 1, 4))]
    return [danpredict.rectangle(*(sides + move).tolist()) for move in moves]


class Bench:
    """The contestants on one face."""

    def __init__(self, predictors: dict[str, Any], model: str | None, dlib_model: Path | None):
        import dlib
        from skimage import data

        self.model, self.dlib_model = model, dlib_model
        self.image = data.astronaut()  # type: ignore[no-untyped-call]
        self.rect = dlib.get_frontal_face_detector()(self.image, 0)[0]
        self.dlib = predictors.get("dlib")
        self.ours = {
            threads: danpredict.DANShapePredictor(model, threads=threads) for threads in (1, None)
        }

    def calls(self, image: Image, faces: int, threads: int | None) -> dict[str, Call]:
        """Landmarks of so many faces, by either; dlib has no threads and no batch."""
        rects = jittered(self.rect, faces)
        predictor, other = self.ours[threads], self.dlib
        calls: dict[str, Call] = {"danpredict": lambda: predictor.predict(image, rects)}
        if other is not None:
            calls = {"dlib": lambda: [other(image, rect) for rect in rects], **calls}
        return calls

    def starts(self) -> dict[str, dict[str, float]]:
        """Medians of import, load and first call (ms) and memory after loading (MB), by either."""
        files = {"danpredict": self.model or ""}
        if self.dlib is not None:
            files = {"dlib": str(self.dlib_model), **files}
        sides = [self.rect.left(), self.rect.top(), self.rect.right(), self.rect.bottom()]
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in files}
        for _ in range(STARTS):
            for name, file in files.items():
                command = [sys.executable, "-c", PROCESS, name, file, json.dumps(sides)]
                out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                rows[name].append(json.loads(out))
        return {
            name: {key: statistics.median(row[key] for row in found) for key in found[0]}
            for name, found in rows.items()
        }

    def by_stages(self) -> list[Timing]:
        """One face, one thread, after the first stage, the first two, and so on."""
        from danpredict.cascade import shared_cascade
        from danpredict.facebox import face_box
        from danpredict.geometry import initial_transform
        from danpredict.model_file import read_model
        from danpredict.shipped import default_model, find_model

        model = read_model(find_model(self.model or default_model()))
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
    """Everything that the table and the picture show."""
    images = {size: enlarged(bench.image, *size) for size in (SMALL, LARGE)}
    results: dict[str, Any] = {"starts": bench.starts(), "calls": [], "faces": [], "pixels": []}
    cases = [(size, n, threads) for size in images for n in FACES for threads in (1, None)]
    previous = cv2.getNumThreads()
    for size, faces, threads in tqdm(cases, "calls", leave=False):
        cv2.setNumThreads(threads or previous)
        timing = interleaved(bench.calls(images[size], faces, threads))
        results["calls"].append(
            {
                "megapixels": round(size[0] * size[1] / 1e6, 1),
                "faces": faces,
                "threads": threads or danpredict.predictor.available_cores(),
                **{name: asdict(t) for name, t in timing.items()},
            }
        )
    for count in tqdm(GROWTH_FACES, "growth with faces", leave=False):
        timing = interleaved(bench.calls(images[SMALL], count, None), SECONDS / 2)
        results["faces"].append([count, {name: t.median for name, t in timing.items()}])
    cv2.setNumThreads(1)
    for side in tqdm(GROWTH_SIDES, "growth with the image", leave=False):
        calls = bench.calls(enlarged(bench.image, side, side), 1, 1)
        timing = interleaved(calls, SECONDS / 2)
        results["pixels"].append([side**2 / 1e6, {name: t.median for name, t in timing.items()}])
    results["stages"] = [asdict(timing) for timing in bench.by_stages()]
    cv2.setNumThreads(previous)
    return results


def table(results: dict[str, Any], sizes: dict[str, float]) -> str:
    """The figures as a Markdown table; ``sizes`` are the model files', MB."""
    names = list(results["starts"])
    lines = [f"| | {' | '.join(names)} | ratio |", f"|---|{'---|' * len(names)}---|"]

    def row(what: str, values: list[float], form: str, ratio: float | None) -> None:
        cells = [form.format(value) for value in values]
        shown = "" if ratio is None else f"{ratio:.2f}"
        lines.append(f"| {what} | {' | '.join(cells)} | {shown} |")

    for call in results["calls"]:
        cores = "1 thread" if call["threads"] == 1 else f"{call['threads']} threads"
        faces = "1 face" if call["faces"] == 1 else f"{call['faces']} faces"
        what = f"{faces}, {call['megapixels']:g} megapixels, {cores}, ms"
        row(what, [call[n]["median"] for n in names], "{:.2f}", call["danpredict"]["ratio"])
    for key, what in (
        ("import", "import, ms"),
        ("load", "load the model, ms"),
        ("first call", "first call, ms"),
        ("memory", "resident memory after loading, MB"),
    ):
        values = [results["starts"][name][key] for name in names]
        row(what, values, "{:.0f}", values[1] / values[0] if len(values) == 2 else None)
    values = [sizes[name] for name in names]
    row("model file, MB", values, "{:.1f}", values[1] / values[0] if len(values) == 2 else None)
    return "\n".join(lines)


def draw(results: dict[str, Any], out: Path) -> None:
    """Growth with faces, image size and stages."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (faces, pixels, stages) = pyplot.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    for axes, key, label in (
        (faces, "faces", "faces in a call, all threads"),
        (pixels, "pixels", "megapixels of the image, one face, one thread"),
    ):
        for name, marker in zip(results["starts"], "os", strict=False):
            points = [(x, medians[name]) for x, medians in results[key]]
            axes.plot(*zip(*points, strict=True), marker=marker, color=COLOURS[name], label=name)
        axes.set(xscale="log", yscale="log", xlabel=label, ylabel="ms a call (median)")
        axes.set_xticks([x for x, _ in results[key]], [f"{x:.3g}" for x, _ in results[key]])
        axes.minorticks_off()
        axes.legend()
    pixels.set(yscale="linear", ylim=(0, None))
    medians = [timing["median"] for timing in results["stages"]]
    stages.bar([str(i + 1) for i in range(len(medians))], medians, color=COLOURS["danpredict"])
    stages.set(xlabel="stages of the cascade, one thread", ylabel="ms a face (median)")
    figure.savefig(out, dpi=110)
    pyplot.close(figure)


def compare_speed(bench: Bench, sizes: dict[str, float], out: Path | None) -> None:
    """Print the table; growth goes to the picture ``out``, all figures to the JSON beside it."""
    results = benchmark(bench)
    print(table(results, sizes))
    if out is not None:
        draw(results, out)
        out.with_suffix(".json").write_text(json.dumps(results, indent=1), "utf-8")
        print(f"wrote {out} and {out.with_suffix('.json')}")
