"""Files and names of danpredict 0.2.0: what it wrote is read, and what it offered is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor

from .conftest import ROOT
from .samples import Sample, same_machine, samples, tolerance

FOLDER = ROOT / "tests" / "data" / "made_by_0_2_0"
ANSWERS = json.loads((FOLDER / "answers.json").read_text("utf-8"))
NAMES = json.loads((FOLDER / "public_names.json").read_text("utf-8"))
THEN = json.loads((FOLDER / "machine.json").read_text("utf-8"))
COMPUTED = ("it(", "it.update(")  # expressions whose values a network computes

SAME_MACHINE = same_machine(THEN)

# Only the tracker used these; they left the public class on purpose.
INTERNALS = {"DANShapePredictor": {"can_follow", "follow", "mean_shape", "tracked"}}

# Answers that changed on purpose: a chip has the template's own size unless told otherwise.
CHANGED: dict[str, Any] = {
    "danpredict.face_chip(picture, detection, template=it).shape": [96, 96, 3]
}


@pytest.fixture(scope="module")
def pictures() -> dict[str, Sample]:
    return samples()


def run(script: str, *options: str, text: str | None = None) -> Any:
    """A script of the folder, run in a process of its own by the present code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(FOLDER / script), *options]
    result = subprocess.run(command, input=text, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module", params=["with dlib", "without dlib"])
def answers_now(request: pytest.FixtureRequest) -> Any:
    """The present answers about all pickles."""
    questions = {
        file: [text for text in answers if text != "attributes"]
        for file, answers in ANSWERS.items()
    }
    options = ["--without-dlib"] * (request.param == "without dlib")
    return run("read.py", *options, text=json.dumps(questions))


def assert_same(found: Any, expected: Any, where: str, atol: float) -> None:
    """Equal, but for numbers, which may differ by ``atol``."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        assert set(found) >= set(expected), where
        for key, value in expected.items():
            assert_same(found[key], value, f"{where}: {key}", atol)
    elif isinstance(expected, list):
        assert isinstance(found, list), where
        assert len(found) == len(expected), where
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, where, atol)
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, rtol=0, atol=atol, err_msg=where)
    else:
        assert found == expected, where


@pytest.mark.parametrize("file", ANSWERS)
def test_a_pickle_is_read(file: str, answers_now: Any, pictures: dict[str, Sample]) -> None:
    found = answers_now[file]
    assert isinstance(found, dict), found  # else the error
    loose = tolerance(pictures["colour"], same=SAME_MACHINE, int8="int8" in file)
    for text, expected in ANSWERS[file].items():
        if text == "attributes":
            assert set(found[text]) >= set(expected)
        else:
            atol = loose if text.startswith(COMPUTED) else 0
            expected = CHANGED.get(text, expected)
            assert_same(found[text], expected, f"{file}: {text}", atol)


def test_every_pickle_is_asked_about() -> None:
    assert set(ANSWERS) == {path.name for path in FOLDER.glob("*.pkl")}


@pytest.mark.parametrize(
    ("file", "pickled"),
    [("tiny.dan", "predictor_strict.pkl"), ("tiny-int8.dan", "predictor_int8.pkl")],
)
def test_a_model_file_is_read(
    file: str, pickled: str, tmp_path: Path, pictures: dict[str, Sample]
) -> None:
    predictor = DANShapePredictor(FOLDER / file, threads=1, steady="int8" in file)
    sample, expected = pictures["colour"], ANSWERS[pickled]
    assert_same(predictor.info, expected["it.info"], "info", 0)
    det = predictor(sample.picture, danpredict.rectangle(*sample.rectangle))
    (landmarks,) = expected["it(picture, rect).landmarks"].values()
    atol = tolerance(sample, same=SAME_MACHINE, int8="int8" in file)
    np.testing.assert_allclose(det.landmarks, landmarks, rtol=0, atol=atol)
    predictor.save(tmp_path / file)
    assert (tmp_path / file).read_bytes() == (FOLDER / file).read_bytes()


def assert_parameters(found: list[str] | None, expected: list[str] | None, where: str) -> None:
    """The old parameters are among the present ones, in the old order."""
    if expected is not None and found is not None:
        assert [name for name in found if name in expected] == expected, where


@pytest.fixture(scope="module")
def names_now() -> Any:
    return run("names.py")


def test_no_public_name_is_lost(names_now: Any) -> None:
    assert set(names_now["all"]) >= set(NAMES["all"])
    for name, parameters in NAMES["functions"].items():
        assert_parameters(names_now["functions"][name], parameters, name)


@pytest.mark.parametrize("name", NAMES["classes"])
def test_no_attribute_is_lost(name: str, names_now: Any) -> None:
    found, expected = names_now["classes"][name], NAMES["classes"][name]
    assert_parameters(found["parameters"], expected["parameters"], name)
    for attribute, parameters in expected["attributes"].items():
        if attribute in INTERNALS.get(name, ()):
            continue
        assert attribute in found["attributes"]
        assert_parameters(found["attributes"][attribute], parameters, f"{name}.{attribute}")


@pytest.mark.parametrize("command", NAMES["commands"])
def test_no_option_is_lost(command: str, names_now: Any) -> None:
    found, expected = names_now["commands"][command], NAMES["commands"][command]
    assert {*chain(*found.values())} >= {*chain(*expected.values())}
    positional = [sum(not names for names in options.values()) for options in (found, expected)]
    assert positional[0] == positional[1]
