"""The comparison as a user runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from danpredict import DANShapePredictor

from ..conftest import ROOT, Image
from ..faces import write_dataset

RECT = dlib.rectangle(179, 83, 266, 170)


def compare(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / "compare.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=240,
        check=False,
    )


def table(output: str) -> dict[str, list[float]]:
    """Rows of figures by predictor."""
    rows = re.findall(r"^(dlib|danpredict) +([-0-9. ]+)$", output, re.MULTILINE)
    return {name: [float(word) for word in figures.split()] for name, figures in rows}


def count_markers(picture: cv2.typing.MatLike, name: str) -> int:
    """Separate spots of a predictor's colour, below its name."""
    rgb = {"dlib": (230, 159, 0), "danpredict": (0, 190, 255)}[name]
    near = np.abs(picture[60:, :, ::-1].astype(int) - rgb).max(-1) < 30
    return int(cv2.connectedComponents(near.astype(np.uint8))[0]) - 1


def test_the_embedded_picture(tmp_path: Path, dlib_model: Path) -> None:
    out = tmp_path / "comparison.png"
    result = compare("--out", out)
    assert result.returncode == 0, result.stderr
    assert set(table(result.stdout)) == {"dlib", "danpredict"}
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape[1] == 2 * picture.shape[0]  # one face, two predictors
    for half, colour in zip(np.hsplit(picture, 2), ("dlib", "danpredict"), strict=True):
        assert count_markers(half, colour) > 60  # some of 68 touch each other


def test_an_own_photo_in_gray(tmp_path: Path, astronaut: Image) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), astronaut[..., 0])
    result = compare("--image", photo, "--out", tmp_path / "out.jpg")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.jpg").stat().st_size > 1000


def test_a_data_set_with_and_without_rectangles(
    tmp_path: Path, predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    """Labels made by the model itself: its error is the effect of turning alone, and small."""
    write_dataset(tmp_path / "set", astronaut, predictor(astronaut, rect).landmarks, count=4)
    result = compare("--dataset", tmp_path / "set")
    assert result.returncode == 0, result.stderr
    assert "4 of 4 faces" in result.stdout
    faces, nme, median, failures, auc, milliseconds = table(result.stdout)["danpredict"]
    assert faces == 4
    assert 0 < nme < 4
    assert 0 < median < 4
    assert failures == 0
    assert auc > 50
    assert milliseconds > 0

    sides = [rect.left(), rect.top(), rect.right(), rect.bottom()]
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"set/face_000.png": sides, "set/face_001.png": None}))
    result = compare("--dataset", tmp_path / "set", "--boxes", boxes)
    assert "1 of 4 faces" in result.stdout


def test_the_same_faces_from_several_detectors(
    tmp_path: Path, predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    """dlib's HOG detector has missed one of the two faces here: it counts for nobody."""
    write_dataset(tmp_path / "set", astronaut, predictor(astronaut, rect).landmarks, count=2)
    boxes, out = tmp_path / "boxes.json", tmp_path / "detectors.png"
    sides = [rect.left(), rect.top(), rect.right(), rect.bottom()]
    boxes.write_text(json.dumps({"set/face_000.png": sides, "set/face_001.png": None}))
    result = compare(
        "--dataset", tmp_path / "set", "--boxes", boxes, "--detector", "dlib-cnn", "--out", out
    )
    assert result.returncode == 0, result.stderr
    rows = json.loads(out.with_suffix(".json").read_text())
    assert set(rows["dlib"]) == {"dlib", "danpredict"}
    assert set(rows["dlib-cnn"]) == {"dlib", "danpredict", "danpredict, uncalibrated"}
    for row in rows.values():
        assert row["danpredict"]["faces"] == 1
        assert 0 < row["danpredict"]["nme"] < 4
        assert f"{row['danpredict']['nme']:.2f} (0.0)" in result.stdout
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.std() > 10


def test_bad_input_is_one_clear_line(
    example: Callable[[str], ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = example("compare").main
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((200, 200, 3), 127, np.uint8))
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty").mkdir()
    few = tmp_path / "few"
    write_dataset(few, np.full((200, 200, 3), 127, np.uint8), np.eye(5, 2) * 100, count=1)
    cases: list[tuple[list[str | Path], str]] = [
        (["--image", blank], "no face found"),
        (["--image", tmp_path / "nowhere.jpg"], "nowhere.jpg"),
        (["--image", tmp_path / "text.jpg"], "text.jpg"),
        (["--dataset", tmp_path / "nowhere"], "nowhere"),
        (["--dataset", tmp_path / "empty"], "empty"),
        (["--model", tmp_path / "nowhere.dan"], "Unable to open"),
        (["--dlib-model", tmp_path / "nowhere.dat"], "nowhere.dat"),
        (["--out", tmp_path / "picture.xyz"], "picture.xyz"),
        (["--out", tmp_path / "nowhere" / "picture.png"], "existing folder"),
        (["--image", tmp_path], "expected a picture"),
        (["--dataset", few], "expected 68 landmarks, got 5"),
    ]
    for arguments, message in cases:
        words = [str(word) for word in arguments]
        if "--dlib-model" not in words:  # dlib's file takes a second to load
            words += ["--contestant", "danpredict"]
        assert main(words) == 2, arguments
        said = capsys.readouterr().err
        assert said.count("\n") == 1, said
        assert message in said
    result = compare(*cases[0][0])
    assert result.returncode == 2
    assert cases[0][1] in result.stderr


def test_better_than_dlib_on_faces_neither_has_seen(data_300w: Path, dlib_model: Path) -> None:
    """The outdoor half of the 300-W challenge's own test set, HOG rectangles."""
    result = compare("--dataset", data_300w / "outdoor", "--boxes", data_300w / "hog_boxes.json")
    assert result.returncode == 0, result.stderr
    rows = table(result.stdout)
    ours, theirs = rows["danpredict"], rows["dlib"]
    assert ours[0] == theirs[0] == 261
    assert ours[1] < theirs[1]  # NME
    assert ours[3] < theirs[3]  # failures


def test_robustness_curves(tmp_path: Path, astronaut: Image, dlib_model: Path) -> None:
    folder = tmp_path / "set"
    write_dataset(folder, astronaut, DANShapePredictor()(astronaut, RECT).landmarks, count=1)
    boxes, out = tmp_path / "boxes.json", tmp_path / "curves.png"
    boxes.write_text(json.dumps({"set/face_000.png": [179, 83, 266, 170]}))
    result = compare("--robustness", "--dataset", folder, "--boxes", boxes, "--out", out)
    assert result.returncode == 0, result.stderr
    curves = json.loads(out.with_suffix(".json").read_text())
    assert {name: len(rows) for name, rows in curves.items()} == {"shift": 7, "scale": 8, "roll": 8}
    still = [
        rows[i]["danpredict"]["nme"] for rows, i in zip(curves.values(), (0, 3, 0), strict=True)
    ]
    assert max(still) < 5
    upside_down = curves["roll"][-1]
    assert upside_down["dlib"]["nme"] > 30 > 8 > upside_down["danpredict"]["nme"]
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.std() > 10
    assert compare("--robustness", "--dataset", folder).returncode == 2
