"""Import, loading, first call and memory of predictors, each in a new process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from .contestants import Contestant

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


def time_starts(
    contestants: Sequence[Contestant], rect: Any, processes: int
) -> dict[str, dict[str, float]]:
    """Import, loading and first call (ms) and memory after loading (MB), by name; medians.

    Predictors without a model file are left out. Each of the others starts ``processes`` times.
    """
    sides = [rect.left(), rect.top(), rect.right(), rect.bottom()]
    rows: dict[str, list[dict[str, float]]] = {}
    for _ in range(processes):
        for contestant in contestants:
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
