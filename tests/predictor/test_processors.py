"""Landmarks on processors that this machine does not have, emulated by QEMU.

The slow tests need ``qemu-x86_64``, of Debian's package qemu-user or qemu-user-static.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict import DANShapePredictor
from danpredict.model.zoo import models

from ..conftest import ROOT
from ..samples import samples

# Of `tests.samples`; the emulator is slow. "camera" is left out: the model fails there, with a
# confidence below 0.001, and its landmarks differ by 4 %.
FACES = ("colour", "loose_box", "turned")
# Writes the name of the default model, and the landmarks of `FACES` by each model.
PREDICT = f"""
import sys
import numpy as np
from danpredict import DANShapePredictor
from danpredict.model.zoo import default_model, models
from tests.samples import samples

found = {{"default": np.array(default_model())}}
for name in models():
    predictor = DANShapePredictor(name, threads=1)
    faces = [predictor(*samples()[face]) for face in {FACES}]
    found[name] = np.array([face.landmarks for face in faces])
np.savez(sys.argv[1], **found)
"""
OUTER_CORNERS = (36, 45)  # of the eyes, in ibug68

Found = dict[str, NDArray[np.float64]]


def emulated(processor: str, folder: Path) -> Found:
    """What `PREDICT` finds on an emulated processor of ``qemu-x86_64 -cpu help``."""
    programs = ("qemu-x86_64", "qemu-x86_64-static")
    qemu = next(filter(None, map(shutil.which, programs)), None)
    if qemu is None or sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("no qemu-x86_64, or not Linux on x86-64")
    out = folder / "found.npz"
    command = (qemu, "-cpu", processor, sys.executable, "-c", PREDICT, out)
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr[-4000:]
    with np.load(out) as found:
        return dict(found)


@pytest.fixture(scope="module")
def native() -> Found:
    """Landmarks (faces, L, 2) of each model on this processor, pixels."""
    found = {}
    for name in models():
        predictor = DANShapePredictor(name, threads=1)
        faces = [predictor(*samples()[face]) for face in FACES]
        found[name] = np.array([face.landmarks for face in faces])
    return found


def differences(found: Found, native: Found) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """By model: differences (faces, L) in % of the distance between the outer eye corners."""
    for name, here in native.items():
        left, right = (here[:, corner] for corner in OUTER_CORNERS)
        between = np.linalg.norm(left - right, axis=1)[:, None]
        yield name, 100 * np.linalg.norm(found[name] - here, axis=2) / between


@pytest.mark.slow
def test_landmarks_hardly_depend_on_the_processor(native: Found, tmp_path: Path) -> None:
    """A Haswell has AVX2, but neither AVX-512 nor VNNI."""
    found = emulated("Haswell-noTSX", tmp_path)
    assert found["default"] == "lean68-int8"
    for name, off in differences(found, native):
        print(f"{name}: mean {off.mean():.4f} %, most {off.max():.4f} %")
        # Without VNNI, sums of int8 can saturate. int8 and float32 differ by 0.3 % on average.
        assert off.mean() < (0.1 if name.endswith("int8") else 0.001)
