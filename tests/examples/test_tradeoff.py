"""The picture of error against time, and which options of ``compare.py`` go together."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import pytest

from .conftest import Example

ERRORS = {"dlib": 5.4, "lean": 4.5, "slim": 4.6, "nano": 4.9}


def speed(*ratios: float) -> dict[str, Any]:
    """The first and the last row of a measurement; the second one is twice as fast."""

    def row(faces: int, threads: int, factor: float) -> dict[str, Any]:
        times = dict(zip(ERRORS, (1.0, *(factor * ratio for ratio in ratios)), strict=True))
        return {"faces": faces, "threads": threads, **{n: {"ratio": t} for n, t in times.items()}}

    return {"calls": [row(1, 1, 1), row(64, 2, 0.5)]}


@pytest.fixture
def accuracy() -> Any:
    """Errors as `comparison.accuracy.Accuracy` has them."""
    reports = {
        n: {"measure": "inter-ocular", "inter-ocular": {"nme": e}} for n, e in ERRORS.items()
    }
    return SimpleNamespace(
        folder=Path("outdoor"), faces=[None] * 7, reports=reports, figures=lambda: {"faces": 7}
    )


def test_a_point_for_each_predictor(example: Example, accuracy: Any, tmp_path: Path) -> None:
    tradeoff = example("comparison.tradeoff")
    runs = [speed(0.8, 0.7, 0.5), speed(0.9, 0.75, 0.6), speed(1.0, 0.8, 0.7)]
    results = {**runs[1], "runs": runs}
    colours = dict(zip(ERRORS, example("comparison.palette").COLOURS, strict=False))
    out = tmp_path / "error_time.png"
    tradeoff.write_tradeoff(accuracy, results, colours, out)
    points = json.loads(out.with_suffix(".json").read_text())["points"]
    assert list(points) == ["one face, one thread", "64 different faces, 2 threads"]
    one, many = points.values()
    assert list(one) == list(ERRORS)
    assert one["lean"] == {"time": 0.9, "least": 0.8, "most": 1.0, "nme": 4.5}
    assert many["lean"]["time"] == 0.45
    assert one["dlib"]["time"] == many["dlib"]["time"] == 1
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape[1] == 990
    assert picture.std() > 10


def test_labels_cover_neither_each_other_nor_a_marker(example: Example, accuracy: Any) -> None:
    from matplotlib.figure import Figure

    tradeoff = example("comparison.tradeoff")
    figure = Figure(figsize=(5, 3.8), layout="constrained")
    axes = figure.subplots()
    (panel, _) = tradeoff.panels(accuracy, speed(0.8, 0.78, 0.82)).values()
    tradeoff.draw_labelled(axes, panel, dict.fromkeys(ERRORS, "#000000"))
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == list(ERRORS)
    for i, box in enumerate(boxes):
        assert box.count_overlaps(boxes[i + 1 :]) == 0
        assert not any(
            box.contains(*axes.transData.transform((point.time, point.nme)))
            for point in panel.values()
        )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--clips v.mp4", "--clips needs --speed"),
        ("--folder photos", "--folder needs --speed"),
        ("--runs 5", "--runs needs --speed"),
        ("--speed --runs 0", "expected --runs of 1 or more, got 0"),
        ("--speed --tradeoff a.png", "--tradeoff needs --dataset and --speed"),
        ("--dataset set --speed", "need --report or --tradeoff"),
        ("--dataset set --speed --tradeoff a.png --out b.png", "either --dataset or --speed"),
        ("--robustness --dataset set", "--robustness needs --dataset and --boxes"),
        ("--out a.png --report a.html", "exclude each other"),
    ],
)
def test_options_that_do_not_go_together(
    example: Example, words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        example("compare").main(words.split())
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--speed --clips nowhere.mp4 --contestant danpredict", "nowhere.mp4"),
        ("--speed --clips . --contestant danpredict", "expected videos"),
        ("--speed --folder nowhere --contestant danpredict", "expected pictures"),
        ("--dataset . --speed --tradeoff a.txt --contestant danpredict", "a.txt"),
    ],
)
def test_bad_inputs_end_before_the_measurement(
    example: Example, words: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert example("compare").main(words.split()) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert message in said
