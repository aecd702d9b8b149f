"""The benchmark itself: that it measures what it says, in figures small enough for a test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from danpredict import face_box
from danpredict.evaluation.face_boxes import overlap

from ..conftest import Image
from ..examples.test_compare import compare


@pytest.fixture
def speed(example: Callable[[str], ModuleType]) -> ModuleType:
    return example("comparison.speed")


def test_calls_are_timed_in_turn(speed: ModuleType) -> None:
    seen = []

    def call(name: str, seconds: float) -> None:
        seen.append(name)
        time.sleep(seconds)

    timings = speed.interleaved(
        {"dlib": lambda: call("dlib", 0.002), "danpredict": lambda: call("danpredict", 0.006)}, 0.2
    )
    assert 2 < timings["dlib"].median < 4
    assert timings["danpredict"].low <= timings["danpredict"].median <= timings["danpredict"].high
    assert 2 < timings["danpredict"].ratio < 3.5
    assert timings["dlib"].ratio == 1
    turns = np.array(seen[4:]).reshape(-1, 2)  # after the warm-up
    assert all(set(turn) == {"dlib", "danpredict"} for turn in turns)
    assert len(set(turns[:, 0])) == 2  # neither is always the first


def test_the_crowd_is_of_faces(speed: ModuleType, astronaut: Image, rect: Any) -> None:
    """dlib's detector finds them all, each where its rectangle is, and no two look the same."""
    picture, rects = speed.crowd(astronaut, rect, 10)
    assert picture.shape == (480, 640, 3)
    found = [face_box(face).sides for face in dlib.get_frontal_face_detector()(picture, 0)]
    for rectangle in rects:
        assert max(overlap(face_box(rectangle).sides, face) for face in found) > 0.6
    tiles = picture.reshape(3, 160, 4, 160, 3).transpose(0, 2, 1, 3, 4).reshape(12, -1)[:10]
    assert len({tile.tobytes() for tile in tiles}) == 10
    again, same = speed.crowd(astronaut, rect, 10)
    np.testing.assert_array_equal(again, picture)
    assert same == rects


def test_the_table_the_picture_and_the_page(
    speed: ModuleType,
    example: Callable[[str], ModuleType],
    tmp_path: Path,
    dlib_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {
        "STARTS": 1, "SECONDS": 0.02, "SIZES": ((512, 512), (600, 700)), "FACES": (1, 2),
        "GROWTH_FACES": (1, 2), "GROWTH_SIDES": (512, 600),
    }.items():  # fmt: skip
        monkeypatch.setattr(speed, name, value)
    both = example("comparison.contestants").load_all(["dlib", "danpredict"], dlib_model)
    out = tmp_path / "speed.png"
    results = speed.benchmark(speed.Bench(both))
    shown = example("comparison.speed_report")
    print(shown.table(results))
    shown.write_speed(results, {c.name: c.colour for c in both}, out)
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| ") and "---" not in line]
    table, parts = rows[: 1 + 11 + 4 + 1], rows[1 + 11 + 4 + 1 :]  # heading, calls, starts, file
    assert rows[0] == "|  | dlib | danpredict | danpredict / dlib |"
    assert table[-1].startswith("| model file, MB | 99.7 | ")
    assert len(parts) == 1 + 5  # heading; sampling, similarity, two stages, the rest
    cells = [part.strip("| ").split(" | ") for part in parts[1:]]
    assert {name.split(" (")[0] for name, *_ in cells} >= {"stage 1's network", "stage 2's network"}
    assert all(float(ms) > 0 for _, ms, _ in cells)
    results = json.loads(out.with_suffix(".json").read_text())
    assert results["starts"]["dlib"]["memory"] > 70  # MB: the model alone is as large
    assert [t["median"] > 0 for t in results["stages"]] == [True, True]
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.std() > 10

    report = example("comparison.report")
    page = tmp_path / "speed.html"
    report.write_report(report.Findings(speed=results), both, ["compare.py", "--speed"], page)
    html = page.read_text("utf-8")
    assert html.count("<img") == 3
    assert "danpredict / dlib" in html
    for call in results["calls"]:
        assert f"{call['danpredict']['median']:.2f}" in html


@pytest.mark.slow
def test_the_benchmark_as_a_user_runs_it(tmp_path: Path, dlib_model: Path) -> None:
    result = compare("--speed", "--out", tmp_path / "speed.png")
    assert result.returncode == 0, result.stderr
    assert "| 64 faces, 12 megapixels, 1 thread, ms |" in result.stdout
    assert (tmp_path / "speed.png").is_file()
