"""The benchmark itself: that it measures what it says, in figures small enough for a test."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from danpredict import face_box
from danpredict.evaluation.face_boxes import overlap

from ..conftest import Image
from ..examples.test_compare import RECT, compare
from ..faces import write_dataset
from .conftest import Example, rows_of, short_plan


def test_calls_are_timed_in_turn(example: Example) -> None:
    seen = []

    def call(name: str, seconds: float) -> None:
        seen.append(name)
        time.sleep(seconds)

    timings = example("comparison.timing").interleaved(
        {"dlib": lambda: call("dlib", 0.002), "danpredict": lambda: call("danpredict", 0.006)}, 0.2
    )
    assert 2 < timings["dlib"].median < 4
    assert timings["danpredict"].low <= timings["danpredict"].median <= timings["danpredict"].high
    assert 2 < timings["danpredict"].ratio < 3.5
    assert timings["dlib"].ratio == 1
    turns = np.array(seen[4:]).reshape(-1, 2)  # after the warm-up
    assert all(set(turn) == {"dlib", "danpredict"} for turn in turns)
    assert len(set(turns[:, 0])) == 2  # neither is always the first


def test_the_crowd_is_of_faces(example: Example, astronaut: Image, rect: Any) -> None:
    """dlib's detector finds them all, each where its rectangle is, and no two look the same."""
    crowd = example("comparison.speed_pictures").crowd
    picture, rects = crowd(astronaut, rect, 10)
    assert picture.shape == (480, 640, 3)
    found = [face_box(face).sides for face in dlib.get_frontal_face_detector()(picture, 0)]
    for rectangle in rects:
        assert max(overlap(face_box(rectangle).sides, face) for face in found) > 0.6
    tiles = picture.reshape(3, 160, 4, 160, 3).transpose(0, 2, 1, 3, 4).reshape(12, -1)[:10]
    assert len({tile.tobytes() for tile in tiles}) == 10
    again, same = crowd(astronaut, rect, 10)
    np.testing.assert_array_equal(again, picture)
    assert same == rects


def one_annotated_face(example: Example, both: list[Any], folder: Path, image: Image) -> Any:
    """Accuracy on a face with labels made by danpredict."""
    write_dataset(folder / "set", image, both[1].predictor(image, RECT).landmarks, count=1)
    (folder / "boxes.json").write_text(json.dumps({"set/face_000.png": [179, 83, 266, 170]}))
    measured = example("comparison.accuracy")
    return measured.compare_dataset(folder / "set", folder / "boxes.json", None, "dlib", both)


def test_the_table_the_picture_and_the_page(
    example: Example, both: list[Any], astronaut: Image, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "speed.png"
    bench = example("comparison.bench").Bench(both)
    results = example("comparison.speed").benchmark(bench, short_plan(example))
    shown = example("comparison.speed_report")
    print(shown.table(results))
    shown.write_speed(results, {c.name: c.colour for c in both}, out)
    rows = rows_of(capsys.readouterr().out)
    table, parts = rows[: 1 + 11 + 1 + 4 + 1], rows[1 + 11 + 1 + 4 + 1 :]  # the last is the file
    assert table[0] == ["dlib", "danpredict", "danpredict / dlib"]
    assert table[-1][:2] == ["model file, MB", "99.7"]
    assert len(parts) == 1 + 5  # heading; sampling, similarity, two stages, the rest
    assert {name.split(" (")[0] for name, *_ in parts} >= {"stage 1's network", "stage 2's network"}
    assert all(float(ms) > 0 for _, ms, _ in parts[1:])
    results = json.loads(out.with_suffix(".json").read_text())
    assert results["starts"]["dlib"]["memory"] > 70  # MB: the model alone is as large
    assert set(results["large face"]) == {"dlib", "danpredict"}
    assert [t["median"] > 0 for t in results["stages"]] == [True, True]
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.std() > 10

    accuracy = one_annotated_face(example, both, tmp_path, astronaut)
    report = example("comparison.report")
    page = tmp_path / "speed.html"
    findings = example("comparison.findings").Findings(accuracy=accuracy, speed=results)
    report.write_report(findings, both, ["compare.py", "--speed"], page)
    html = page.read_text("utf-8")
    # Plots of the errors, worst and best faces, plots of the times, error against time.
    assert html.count("<img") == 4 + 2 * 2 * 2 + 3 + 2
    assert "danpredict / dlib" in html
    for call in results["calls"]:
        assert f"{call['danpredict']['median']:.2f}" in html

    out = tmp_path / "error_time.png"
    colours = {c.name: c.colour for c in both}
    example("comparison.tradeoff").write_tradeoff(accuracy, results, colours, out)
    points = json.loads(out.with_suffix(".json").read_text())["points"]["one face, one thread"]
    assert points["danpredict"]["time"] == results["calls"][0]["danpredict"]["ratio"]
    assert points["danpredict"]["nme"] < points["dlib"]["nme"]


@pytest.mark.slow
def test_the_benchmark_as_a_user_runs_it(tmp_path: Path, dlib_model: Path) -> None:
    result = compare("--speed", "--out", tmp_path / "speed.png")
    assert result.returncode == 0, result.stderr
    assert "| 64 faces, 12 megapixels, 1 thread, ms |" in result.stdout
    assert (tmp_path / "speed.png").is_file()
