"""Boxes of every kind, and calibrations of detectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor, FaceBox, face_box
from danpredict.boxes.calibration import as_expected, box_calibration
from danpredict.cli.main import main
from danpredict.geometry.similarity import BoundingBox

from ..conftest import ROOT, Image
from ..faces import write_dataset


def test_every_kind_of_rectangle_is_understood() -> None:
    whole = FaceBox(1, 2, 30, 40)
    assert face_box(dlib.rectangle(1, 2, 30, 40)) == whole
    assert face_box(dlib.drectangle(1, 2, 30, 40)) == whole
    for row in ([1, 2, 30, 40], (1, 2, 30, 40), np.array([1, 2, 30, 40])):
        assert face_box(row) == whole
    assert face_box([1.5, 2, 30, 40, 0.9], "yunet") == FaceBox(1.5, 2, 30, 40, 0.9, "yunet")
    assert face_box(whole, "sfd").source == "sfd"
    assert face_box(face_box(whole, "sfd")).source == "sfd"
    assert FaceBox.from_xywh(1, 2, 30, 39).sides == (1, 2, 30, 40)
    assert FaceBox.from_css(2, 30, 40, 1).sides == (1, 2, 30, 40)


@pytest.mark.parametrize("box", [None, "1234", (1, 2, 3), [[1, 2, 3, 4]], ["a", "b", "c", "d"]])
def test_what_is_no_rectangle_is_refused(box: Any) -> None:
    with pytest.raises(TypeError, match="box must be a dlib rectangle"):
        face_box(box)


def test_numbers_that_are_not_finite_are_refused(
    predictor: DANShapePredictor, astronaut: Image
) -> None:
    with pytest.raises(ValueError, match="expected a finite left, top, right, bottom"):
        predictor(astronaut, (0, 0, float("nan"), 9))
    with pytest.raises(ValueError, match=r"expected a detector out of .* as source, got 'mine'"):
        predictor(astronaut, (0, 0, 9, 9), source="mine")


@pytest.mark.parametrize(
    "source", sorted(json.loads((ROOT / "adapters/detector_calibrations.json").read_text()))
)
def test_calibrations_turn_into_dlibs_rectangle(source: str) -> None:
    """The face that a calibration sees is the face that dlib's sees in the new rectangle."""
    box = FaceBox(10.5, 20, 110, 140, None, source)
    face = box_calibration(source).landmark_box(*box.sides)
    again = box_calibration("dlib-hog").landmark_box(*as_expected(box))
    np.testing.assert_allclose(again, face)
    back = box_calibration(source).box_around(BoundingBox(*face))
    np.testing.assert_allclose(back, box.sides)


def test_any_rectangle_gives_the_same_face(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    expected = predictor(astronaut, rect)
    for box in (sides, np.array(sides), dlib.drectangle(*sides), FaceBox(*sides)):
        det = predictor(astronaut, box)
        assert det.rect == rect
        np.testing.assert_array_equal(det.landmarks, expected.landmarks)
    face = box_calibration("dlib-hog").landmark_box(*sides)
    others = box_calibration("yunet").box_around(face)
    det = predictor(astronaut, (*others, 0.9), source="yunet")
    np.testing.assert_allclose(det.landmarks, expected.landmarks, atol=0.01)
    rows = predictor.predict(astronaut, np.array([sides, sides]))
    assert [row.rect for row in rows] == [rect, rect]


def test_a_detector_is_calibrated(
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_dataset(tmp_path, astronaut, predictor(astronaut, rect).landmarks, count=6)
    assert main(["calibrate", "dlib", str(tmp_path)]) == 0
    entry = json.loads(capsys.readouterr().out)["dlib"]
    known = box_calibration("dlib-hog")
    assert entry["left"] == pytest.approx(known.left, abs=0.1)
    assert entry["bottom"] == pytest.approx(known.bottom, abs=0.1)
    assert danpredict.fit_box_calibration is not None
