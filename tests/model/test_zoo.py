"""The shipped models by name and licence, and the variable that sets the default model."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import danpredict
from danpredict import DANShapePredictor, Tracker
from danpredict.batch.faces import FaceOptions, options_key
from danpredict.cli.main import main
from danpredict.detectors import builtin
from danpredict.model import zoo
from danpredict.model.file import read_info, read_model
from danpredict.model.zoo import (
    VARIABLE,
    VIDEO_MODEL,
    default_model,
    find_model,
    model_names,
    read_default,
    shipped_name,
)

from ..conftest import Image


def test_models_gives_the_licence_of_each() -> None:
    licences = danpredict.models()
    assert list(licences) == sorted(licences) == model_names()
    for name, licence in licences.items():
        assert licence == DANShapePredictor(name).info["licence"]
    assert "non-commercial" in licences["lean68"]
    assert "lean68" in licences
    assert len(licences) == len(set(licences))


def test_the_description_is_read_without_the_graphs(tmp_path: Path) -> None:
    whole = find_model("slim68").read_bytes()
    path = tmp_path / "damaged.dan"
    middle = len(whole) // 2  # in a graph
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    assert read_info(path) == read_model(find_model("slim68")).info
    start = time.perf_counter()
    danpredict.models()
    assert time.perf_counter() - start < 1  # 15 ms beside a training; loading takes 100 per model
    path.write_bytes(whole[:middle])
    with pytest.raises(RuntimeError, match=r"Error deserializing .*damaged\.dan"):
        read_info(path)
    with pytest.raises(RuntimeError, match="Unable to open"):
        read_info(tmp_path / "nowhere.dan")


def test_info_lists_the_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for name, licence in danpredict.models().items():
        assert f"{name} {licence}" in lines


def test_only_a_shipped_file_counts_as_shipped(tmp_path: Path) -> None:
    model = read_model(find_model("slim68"))
    assert shipped_name(model) == "slim68"
    copy = tmp_path / "copy.dan"
    copy.write_bytes(model.data)
    assert shipped_name(read_model(copy)) == "slim68"
    another = read_model(find_model("lean68"))
    renamed = dataclasses.replace(another, info={**another.info, "name": "slim68"})
    assert shipped_name(renamed) is None


def test_the_variable_sets_the_default_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, astronaut: Image
) -> None:
    usual = default_model(), default_model(VIDEO_MODEL)
    monkeypatch.setenv(VARIABLE, "")
    assert (default_model(), default_model(VIDEO_MODEL)) == usual
    monkeypatch.setenv(VARIABLE, "slim68")
    builtin.follower.cache_clear()
    try:
        assert DANShapePredictor().info["name"] == "slim68"
        assert DANShapePredictor("lean68").info["name"] == "lean68"
        assert Tracker().predictor.info["name"] == "slim68"
        expected = DANShapePredictor("slim68")._cascade
        assert danpredict.load_detector("builtin")(astronaut)
        assert builtin.follower()._cascade is expected
        path = tmp_path / "mine.dan"
        DANShapePredictor("lean68").save(path)
        monkeypatch.setenv(VARIABLE, str(path))
        assert DANShapePredictor().info["name"] == "lean68"
        assert zoo.default_path() == path
    finally:
        builtin.follower.cache_clear()


@pytest.mark.parametrize("value", ["lean86", "nowhere/mine.dan", __file__])
def test_a_wrong_value_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)
    for load in (DANShapePredictor, Tracker, read_default):
        with pytest.raises(RuntimeError, match=VARIABLE) as caught:
            load()
        assert str(caught.value).count(VARIABLE) == 1
        assert Path(value).name in str(caught.value)
    assert DANShapePredictor("lean68").info["name"] == "lean68"


def test_commands_use_the_variable(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clip: Path,
    dataset: Path,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv(VARIABLE, "slim68")
    assert main(["info"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("slim68: 68 landmarks")
    assert f"default model: slim68, because {VARIABLE} is set" in output
    monkeypatch.setenv(VARIABLE, "nix")
    align = ["align", str(dataset), "--out", str(tmp_path / "chips")]
    for words in (["info"], ["predict", str(dataset)], ["track", str(clip)], align):
        assert main(words) == 2
        assert VARIABLE in capsys.readouterr().err
    for command in ("predict", "align", "track", "info"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert VARIABLE in capsys.readouterr().out


def test_photos_are_read_again_if_the_detectors_model_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builtin_key, dlib_key = (
        partial(options_key, FaceOptions("lean68", detector)) for detector in ("builtin", "dlib")
    )
    before = builtin_key(), dlib_key()
    monkeypatch.setenv(VARIABLE, "lean68")
    assert builtin_key() != before[0]
    assert dlib_key() == before[1]


def test_the_variable_of_a_new_process() -> None:
    code = "import danpredict; print(danpredict.DANShapePredictor().info['name'])"
    for value, expected in (("slim68", "slim68"), ("", default_model())):
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, VARIABLE: value},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert result.stdout.strip() == expected
