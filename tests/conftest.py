"""Shared pieces: the astronaut, the shipped model, dlib's own, real data where present."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Small networks run faster on one thread, and more so where two workers share the cores. torch
# reads this when it is imported; the processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The tests are about the default models without this variable.
os.environ.pop("DANPREDICT_MODEL", None)

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

from danpredict import DANShapePredictor
from danpredict.training.pseudo_labels.teacher import Teacher, load

from .faces import write_dataset
from .program import write_video

# A slow machine is no failure; how long things take is for the benchmark to say.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

Image = NDArray[np.uint8]
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def astronaut() -> Image:
    """(512, 512, 3) uint8 RGB, one face."""
    from skimage import data

    return np.asarray(data.astronaut())  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def rect(astronaut: Image) -> Any:
    """The astronaut's rectangle, from dlib's HOG detector."""
    import dlib

    rects = dlib.get_frontal_face_detector()(astronaut, 0)
    assert len(rects) == 1
    return rects[0]


@pytest.fixture(scope="session")
def predictor() -> DANShapePredictor:
    return DANShapePredictor(threads=1)


@pytest.fixture(scope="session")
def dlib_model() -> Path:
    """dlib's 68-point model file."""
    package = find_spec("face_recognition_models")
    if package is None or package.origin is None:
        pytest.skip("the package face_recognition_models is not installed")
    return Path(package.origin).parent / "models" / "shape_predictor_68_face_landmarks.dat"


@pytest.fixture(scope="session")
def dlib_predictor(dlib_model: Path) -> Any:
    import dlib

    return dlib.shape_predictor(str(dlib_model))


def real_data(name: str, what: str) -> Path:
    """A folder of real data, which no project may ship; the test is skipped where it is missing."""
    folder = Path(os.environ.get("DANPREDICT_DATA", ROOT.parent / "shared" / "data")) / name
    if not folder.is_dir():
        pytest.skip(f"no {what} in {folder}: set DANPREDICT_DATA to the folder above {name}")
    return folder


@pytest.fixture(scope="session")
def data_300w() -> Path:
    """300-W pictures."""
    return real_data("300w", "300-W pictures")


@pytest.fixture(scope="session")
def dataset(
    tmp_path_factory: pytest.TempPathFactory,
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
) -> Path:
    """Twelve turned astronauts, labelled by the shipped model."""
    folder = tmp_path_factory.mktemp("faces")
    write_dataset(folder, astronaut, predictor(astronaut, rect).landmarks, count=12)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """Twelve frames of the astronaut."""
    path = tmp_path_factory.mktemp("clip") / "v.mp4"
    write_video(path, [np.ascontiguousarray(np.roll(astronaut, i, 1)) for i in range(12)])
    return path


@pytest.fixture
def pictures(dataset: Path, tmp_path: Path) -> Path:
    """Five of the astronauts in a folder of their own, which may be written to."""
    folder = tmp_path / "set" / "images"
    folder.mkdir(parents=True)
    for i in range(5):
        for suffix in ("png", "pts"):
            shutil.copy(dataset / f"face_{i:03}.{suffix}", folder)
    return folder.parent


@pytest.fixture(scope="session")
def teachers() -> list[Teacher]:
    """Two of the shipped models."""
    return [load("lean68"), load("slim68")]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
