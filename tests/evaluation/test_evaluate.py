"""Metrics against what can be worked out by hand, and the command on real pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from danpredict import DANShapePredictor, convention
from danpredict.cli.main import main
from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.accuracy_report import accuracy_report, without_jaw
from danpredict.evaluation.evaluate import Predictions, run_predictors
from danpredict.evaluation.face_boxes import background_box, detected_box, overlap
from danpredict.evaluation.metrics import (
    normalised_errors,
    rank_correlation,
    reliability,
    roc_auc,
)
from danpredict.landmarks.normalisation import normalisers

from ..conftest import Image
from ..faces import write_dataset


def test_normalisers_on_a_known_face() -> None:
    points = np.zeros((1, 68, 2))
    points[0, 36:42] = [10, 20]
    points[0, 42:48] = [50, 20]
    points[0, 36], points[0, 45] = [7, 20], [56, 20]
    points[0, 8] = [28, 60]
    layout = convention("ibug68")
    found = {name: of(points, layout)[0] for name, of in normalisers(layout).items()}
    assert found["inter-ocular"] == pytest.approx(49)
    assert found["inter-pupil"] == pytest.approx(51 - 9.5)
    assert found["box-diagonal"] == pytest.approx(np.hypot(56, 60))


def test_points_without_truth_do_not_count() -> None:
    truth = np.zeros((1, 4, 2))
    truth[0, 3] = np.nan
    predicted = np.array([[[3, 4], [0, 0], [0, 1], [99, 99]]], float)
    assert normalised_errors(predicted, truth, np.array([10.0])) == pytest.approx([0.2])


def test_errors_of_the_jaw_alone_vanish_without_the_jaw(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    layout, truth = convention("ibug68"), predictor(astronaut, rect).landmarks.astype(float)
    assert without_jaw(layout) == list(range(17, 68))
    assert without_jaw(convention("ibug51")) == []
    faces = [LabelledFace(Path(), truth)]
    moved = np.stack([truth])
    moved[0, :17] += 5
    report = accuracy_report(Predictions(moved, None, None, None), None, faces, layout)
    assert report["without_jaw"]["nme"] == pytest.approx(0, abs=1e-9)
    assert report["inter-ocular"]["nme"] == pytest.approx(report["regions"]["jaw"] * 17 / 68)
    moved[0] = truth + np.array([3, 4])
    report = accuracy_report(Predictions(moved, None, None, None), None, faces, layout)
    assert report["without_jaw"]["nme"] == pytest.approx(report["inter-ocular"]["nme"])


def test_roc_auc_counts_pairs(rng: np.random.Generator) -> None:
    score, good = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in score[good] for b in score[~good]]
    assert roc_auc(score, good) == pytest.approx(np.mean(pairs))
    assert roc_auc(np.ones(40), good) == 0.5
    assert roc_auc(np.array([1.0, 2.0]), np.array([False, True])) == 1
    with pytest.raises(ValueError, match="got 3 good and 0 bad"):
        roc_auc(score[:3], np.ones(3, bool))


def test_rank_correlation_sees_order_alone(rng: np.random.Generator) -> None:
    values = rng.normal(size=50)
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, -(values**3)) == pytest.approx(-1)
    assert rank_correlation(values[:2], values[:2]) == pytest.approx(1)
    with pytest.raises(ValueError, match="constant"):
        rank_correlation(values, np.ones(50))


def test_reliability_of_an_honest_forecast(rng: np.random.Generator) -> None:
    confidence = rng.random(20000)
    bins = reliability(confidence, rng.random(20000) < confidence)
    assert [part.count for part in bins] == [2000] * 10
    for part in bins:
        assert part.good == pytest.approx(part.confidence, abs=0.05)


def test_background_boxs_miss_the_face(rng: np.random.Generator) -> None:
    image = np.zeros((240, 240, 3), np.uint8)
    landmarks = np.array([[70.0, 70], [170, 70], [70, 170], [170, 170]])
    face = LabelledFace(Path(), landmarks)
    for _ in range(100):
        found = background_box(rng, image, face, (70, 70, 169, 169))
        assert found is not None
        left, top, right, bottom = found
        assert min(left, top) >= 0
        assert max(right, bottom) <= 239
        across, down = min(right + 1, 170) - max(left, 70), min(bottom + 1, 170) - max(top, 70)
        assert max(across, 0) * max(down, 0) <= 0.1 * (right - left + 1) ** 2 + 1e-6
    filled = LabelledFace(Path(), np.array([[0.0, 0], [239, 239]]))
    assert background_box(rng, image, filled, (0, 0, 239, 239)) is None


def test_the_command_writes_figures_and_a_picture(
    tmp_path: Path,
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_dataset(tmp_path / "set", astronaut, predictor(astronaut, rect).landmarks, count=4)
    out = tmp_path / "report.json"
    assert main(["evaluate", "lean68", str(tmp_path / "set"), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "4 of 4 faces" in printed
    row = json.loads(out.read_text())["lean68"]
    nme = row["inter-ocular"]["nme"]
    assert 0 < nme < 4
    assert f"{nme:.2f}" in printed
    assert row["stages"][-1]["nme"] == pytest.approx(nme, abs=1e-3)
    assert len(row["errors"]) == 4
    assert np.mean(row["errors"]) == pytest.approx(nme, abs=1e-3)
    assert set(row["regions"]) == {"jaw", "brow", "nose", "eye", "lip"}
    assert row["without_jaw"]["faces"] == 4
    assert f"without the jaw: NME {row['without_jaw']['nme']:.2f}, above 8 % 0.0" in printed
    assert row["uncertainty"]["cases"] == 8
    assert row["uncertainty"]["roc_auc"] == 1
    assert out.with_suffix(".png").stat().st_size > 10_000
    assert main(["evaluate", "lean68", str(tmp_path / "set"), "--out", "report.txt"]) == 2
    assert "report.txt" in capsys.readouterr().err


def test_an_interrupted_plot_leaves_the_figures(
    tmp_path: Path,
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("danpredict.evaluation.plots.draw_report", interrupted)
    write_dataset(tmp_path / "set", astronaut, predictor(astronaut, rect).landmarks, count=1)
    out = tmp_path / "report.json"
    assert main(["evaluate", "slim68", str(tmp_path / "set"), "--out", str(out)]) == 130
    message = f"danpredict: stopped; {out} is complete, its plot was not written"
    assert capsys.readouterr().err.splitlines()[-1] == message
    assert json.loads(out.read_text())


def test_the_shipped_model_on_faces_it_has_not_seen(
    data_300w: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The outdoor half of the 300-W challenge's own test set, HOG rectangles."""
    out = tmp_path / "outdoor.json"
    boxes = ["--boxes", str(data_300w / "hog_boxes.json")]
    assert main(["evaluate", "lean68", str(data_300w / "outdoor"), *boxes, "--out", str(out)]) == 0
    capsys.readouterr()
    row = json.loads(out.read_text())["lean68"]
    assert row["inter-ocular"]["faces"] == 261
    assert row["inter-ocular"]["nme"] < 4.6
    assert row["inter-ocular"]["failures"] < 3
    assert row["openness"]["ear"]["slope"] > 0.75
    assert row["openness"]["mar"]["slope"] > 0.75
    assert row["stages"][1]["nme"] < row["stages"][0]["nme"]
    assert row["uncertainty"]["roc_auc"] >= 0.95
    assert row["uncertainty"]["sigma_rank_correlation"] >= 0.4


def test_dlibs_predictor_runs_too(
    tmp_path: Path, dlib_model: Path, predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    import dlib

    from danpredict.datasets.dataset import read_folder

    write_dataset(tmp_path, astronaut, predictor(astronaut, rect).landmarks, count=3)
    both = {"dlib": dlib.shape_predictor(str(dlib_model)), "ours": predictor}
    detector = dlib.get_frontal_face_detector()
    used, found, background = run_predictors(both, read_folder(tmp_path), detector=detector)
    assert len(used) == 3
    assert not background
    assert found["dlib"].sigma is None
    assert found["dlib"].stages is None
    assert found["dlib"].landmarks.shape == found["ours"].landmarks.shape == (3, 68, 2)
    with pytest.raises(ValueError, match="none of 3 faces"):
        run_predictors(both, read_folder(tmp_path))


def test_a_rectangle_is_on_a_face_or_is_none_of_it(astronaut: Image) -> None:
    landmarks = np.array([[100, 100], [200, 200]], float)
    face = LabelledFace(Path("face.png"), landmarks)
    on, near, speck = (95, 90, 205, 210), (150, 100, 250, 200), (145, 145, 155, 155)

    def found(*boxes: tuple[int, ...]) -> Any:
        return detected_box(astronaut, face, lambda image: list(boxes))

    assert found(speck, near, on).sides == on
    assert found(near).sides == near  # a third of both
    assert found(speck) is None
    assert found() is None
    assert overlap(on, on) == 1
    assert overlap(on, (300, 300, 400, 400)) == overlap(on, (205, 90, 300, 210)) == 0
