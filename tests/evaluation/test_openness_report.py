"""Figures on eyes, mouths and difficult faces against what can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict import DANShapePredictor
from danpredict.cli.main import main
from danpredict.evaluation.face_groups import group_report, paired_groups
from danpredict.evaluation.openness_report import (
    openness_report,
    openness_sigma_report,
    ratio_report,
    shut_eyes_report,
    slope_interval,
)
from danpredict.evaluation.openness_text import openness_lines

from ..conftest import Image
from ..faces import drawn_face, write_dataset

LIDS = (37, 38, 40, 41, 43, 44, 46, 47)
INNER_LIPS = (61, 62, 63, 65, 66, 67)


def test_a_ratio_that_shrinks_to_the_mean(rng: np.random.Generator) -> None:
    true = rng.uniform(0.1, 0.4, 200)
    row = ratio_report(0.6 * true + 0.1 + rng.normal(0, 0.01, 200), true)
    assert row["slope"] == pytest.approx(0.6, abs=0.03)
    low, high = row["slope_interval"]
    assert low < row["slope"] < high
    assert high - low < 0.05
    assert row["correlation"] > 0.95
    assert row["error_interval"][0] < row["error"] < row["error_interval"][1]
    exact = ratio_report(0.6 * true, true)
    assert exact["slope_interval"] == pytest.approx((0.6, 0.6))
    assert exact["correlation"] == pytest.approx(1)
    assert exact["error"] == pytest.approx(0.4 * true.mean())


def test_faces_without_truth_do_not_count() -> None:
    true = np.array([0.1, np.nan, 0.3])
    row = ratio_report(np.array([0.1, 0.2, 0.3]), true)
    assert row["faces"] == 2
    assert row["slope"] == pytest.approx(1)
    nobody = ratio_report(np.array([0.2]), np.array([np.nan]))
    assert nobody["faces"] == 0
    assert np.isnan(nobody["slope"])
    assert np.isnan(slope_interval(np.array([1.0, 2]), np.array([1.0, 1]))).all()


def test_sigma_is_compared_with_the_error_where_eyes_are_shut_and_mouths_wide() -> None:
    truth = np.stack([drawn_face(ear=0.1, mar=0.2), drawn_face(ear=0.3, mar=0.6)])
    distances, sigma = np.ones((2, 68)), np.ones((2, 68))
    sigma[0, list(LIDS)] = 0.5
    distances[1, list(INNER_LIPS)] = 4
    report = openness_sigma_report(sigma, distances, truth)
    assert report == {"lids_of_shut_eyes": 0.5, "lips_of_wide_mouths": 0.25}
    distances[0, list(LIDS)] = np.nan
    assert set(openness_sigma_report(sigma, distances, truth)) == {"lips_of_wide_mouths"}
    assert not openness_sigma_report(sigma[:1], distances[:1], truth[:1])


def test_shut_eyes_are_counted() -> None:
    true = np.array([0.1, 0.15, 0.19, 0.3, 0.3, 0.25, 0.4, 0.21])
    predicted = np.array([0.1, 0.25, 0.05, 0.3, 0.1, 0.25, 0.4, 0.4])
    row = shut_eyes_report(predicted, true)
    assert row == {
        "limit": 0.2,
        "faces": 3,
        "found": pytest.approx(200 / 3),
        "false": pytest.approx(20),
    }
    assert np.isnan(shut_eyes_report(true, np.full(8, 0.3))["found"])


@pytest.fixture(name="truth")
def one_face_of_each_group() -> NDArray[np.float64]:
    """All others, shut eyes, a wide mouth, a turned head, a small face."""
    turned = drawn_face()
    turned[27:36, 0] -= 35
    faces = [drawn_face(), drawn_face(0.1), drawn_face(mar=0.6), turned, drawn_face() / 2]
    return np.stack(faces) * 2  # the drawn face is 90 pixels wide


def test_faces_are_grouped(truth: NDArray[np.float64]) -> None:
    row = group_report(np.array([0.02, 0.04, 0.06, 0.1, 0.03]), truth)
    assert {name: part["nme"] for name, part in row.items()} == pytest.approx(
        {"shut eyes": 4, "wide mouths": 6, "turned heads": 10, "small faces": 3, "all others": 2}
    )
    assert row["turned heads"]["failures"] == 100
    assert row["small faces"]["interval"] is None  # of one face


def test_predictors_are_compared_by_group(truth: NDArray[np.float64]) -> None:
    truth = np.repeat(truth, 20, axis=0)
    errors = np.random.default_rng(0).uniform(0.03, 0.07, len(truth))
    better = errors.copy()
    better[20:40] -= 0.02  # on shut eyes alone
    found = paired_groups(better, errors, truth)
    assert {name: group.faces for name, group in found.items()} == dict.fromkeys(found, 20)
    assert found["shut eyes"].nme == pytest.approx(-2)
    assert found["shut eyes"].verdict == "NME: lower, failures: no difference shown"
    assert str(found["shut eyes"]).startswith("NME -2.00 (-2.00 to -2.00, p ")
    assert len(found) == 5
    for name in set(found) - {"shut eyes"}:
        assert (found[name].nme, found[name].nme_p) == (0, 1)
    assert set(paired_groups(better[:21], errors[:21], truth[:21])) == {"all others"}
    with pytest.raises(ValueError, match="each of 100 faces, got 100 and 99"):
        paired_groups(errors, errors[:99], truth)


def test_the_report_is_json_and_text() -> None:
    truth = np.stack([drawn_face(ear, mar) for ear, mar in ((0.1, 0), (0.3, 0.2), (0.35, 0.5))])
    row = json.loads(json.dumps(openness_report(truth, truth, np.zeros(3))))
    assert row["ear"]["slope"] == pytest.approx(1)
    assert row["mar"]["error"] == pytest.approx(0)
    text = "\n".join(openness_lines(row))
    assert "100 % of 1 found" in text
    assert "wide mouths     1 faces" in text
    alone = openness_report(truth[1:2], truth[1:2], np.zeros(1))
    assert json.dumps(alone, allow_nan=False)
    assert "slope unknown, correlation unknown, error 0.000" in openness_lines(alone)[0]


def test_the_command_reports_openness(
    tmp_path: Path,
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_dataset(tmp_path / "set", astronaut, predictor(astronaut, rect).landmarks, count=3)
    out = tmp_path / "report.json"
    assert main(["evaluate", "lean68", str(tmp_path / "set"), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "eyes (EAR)" in printed
    row = json.loads(out.read_text())["lean68"]["openness"]
    assert row["ear"]["faces"] == 3
    assert row["ear"]["error"] < 0.05
