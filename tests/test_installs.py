"""What users install, tried in fresh virtual environments: other Pythons, OpenCV without windows.

The slow tests need a package index and several minutes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .conftest import ROOT
from .environments import Environment, copied_source, find_python, run

SUPPORTED = range(11, 15)  # Python 3.11 to 3.14
# The core: these tests need neither torch nor the network.
SMOKE = (
    "tests/alignment/test_align.py",
    "tests/datasets",
    "tests/landmarks/test_conventions.py",
    "tests/predictor",
    "tests/video/test_tracker.py",
)
ASTRONAUT = (
    "import json, cv2, danpredict\n"
    "from skimage import data\n"
    "det = danpredict.DANShapePredictor(threads=1)(data.astronaut(), (179, 83, 266, 170))\n"
    "gui = [l for l in cv2.getBuildInformation().splitlines() if l.strip().startswith('GUI:')]\n"
    "print(json.dumps([det.landmarks.tolist(), det.sigma.tolist(), gui]))\n"
)


def python_or_skip(minor: int) -> Path:
    """An interpreter of Python 3.``minor``."""
    python = find_python(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} on this machine")
    return python


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout."""
    return copied_source(tmp_path_factory.mktemp("installs"))


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel of this checkout."""
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check")
    options = ("--no-deps", "--no-build-isolation", "-w", source.parent / "wheel")
    run(*pip, *options, source, folder=source.parent)
    (path,) = (source.parent / "wheel").glob("*.whl")
    return path


def test_the_package_names_the_same_pythons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">=3.{SUPPORTED[0]}"
    named = re.findall(r"Python :: 3\.(\d+)", "\n".join(project["classifiers"]))
    assert list(map(int, named)) == list(SUPPORTED)


@pytest.mark.slow
@pytest.mark.parametrize("minor", SUPPORTED)
def test_the_core_works_on_every_python(
    minor: int, wheel: Path, source: Path, tmp_path: Path
) -> None:
    environment = Environment(python_or_skip(minor), tmp_path)
    environment.pip("install", "-q", f"{wheel}[dlib-bin]", "hypothesis", "pytest", "pytest-xdist")
    assert "default model: " in environment.run("-W", "error", "-m", "danpredict", "info")
    # The copy's tests import the copy, which is the same code.
    printed = environment.run("-m", "pytest", "-q", "-n", "0", *SMOKE, folder=source)
    print(f"Python 3.{minor}:", printed.strip().splitlines()[-1])
    assert " passed" in printed


@pytest.mark.slow
def test_landmarks_do_not_depend_on_the_kind_of_opencv(wheel: Path, tmp_path: Path) -> None:
    """With the commands of docs/installation.md."""
    environment = Environment(Path(sys.executable), tmp_path)
    environment.pip("install", "-q", wheel)
    windows = json.loads(environment.run("-c", ASTRONAUT))
    environment.pip("uninstall", "-q", "-y", "opencv-python")
    environment.pip("install", "-q", "opencv-python-headless")
    headless = json.loads(environment.run("-c", ASTRONAUT))
    assert windows[:2] == headless[:2]
    assert "NONE" in headless[2][0]
    assert "NONE" not in windows[2][0]
    complaint = environment.pip("check", code=None)
    assert "requires opencv-python, which is not installed" in complaint


@pytest.mark.parametrize(
    "command", [["-m", "danpredict", "--version"], ["-c", "import danpredict"]]
)
def test_python_3_10_is_refused_in_one_line(command: list[str]) -> None:
    result = subprocess.run(
        [python_or_skip(10), *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert result.returncode != 0
    line = result.stderr.strip().splitlines()[-1]
    assert "danpredict needs Python 3.11 or newer, got 3.10" in line


@pytest.mark.slow
def test_pip_refuses_python_3_10(wheel: Path, tmp_path: Path) -> None:
    environment = Environment(python_or_skip(10), tmp_path)
    # With dependencies, pip may name the first one that it cannot install instead of danpredict.
    printed = environment.pip("install", "--no-deps", wheel, code=None)
    assert "requires a different Python: 3.10" in printed
