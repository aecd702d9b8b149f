"""Rectangles of every kind, and detectors run for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import dlib
import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor, FaceBox, face_box, load_detector
from danpredict.boxes.calibration import as_expected, box_calibration
from danpredict.boxes.detectors import FACE_ALIGNMENT_DETECTORS
from danpredict.cli.main import main
from danpredict.geometry.similarity import BoundingBox

from ..conftest import ROOT, Image, real_data
from ..faces import write_dataset


@pytest.fixture(scope="session")
def face_alignment() -> None:
    pytest.importorskip("face_alignment", reason="the extra 'face-alignment' is missing")


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


@pytest.mark.parametrize("name", ["dlib", "dlib-cnn"])
def test_dlibs_detectors(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, name: str, dlib_model: Path
) -> None:
    small = astronaut[40:220, 130:310]  # the CNN takes seconds for a large picture
    (box,) = load_detector(name)(small)
    assert box.source == {"dlib": "dlib-hog", "dlib-cnn": "dlib-cnn"}[name]
    assert box.score is not None
    _check(predictor, astronaut, rect, small, box)


def _check(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, small: Image, box: FaceBox
) -> None:
    """The landmarks from this box are those from dlib's rectangle."""
    expected = predictor(astronaut, rect).landmarks - [130, 40]
    found = predictor(small, box).landmarks
    assert np.linalg.norm(found - expected, axis=1).mean() < 0.02 * 64  # of the eyes' distance


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("blazeface", "blazeface.pth"),
        ("yunet", "yunet_n_dynamic.onnx"),
        ("face-alignment-dlib", None),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.usefixtures("face_alignment")
def test_face_alignments_detectors(
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
    name: str,
    file: str | None,
) -> None:
    weights = None if file is None else real_data("detectors", "detectors' weights") / file
    detector = load_detector(name, weights=weights)
    small = astronaut[40:240, 130:310]
    (box,) = detector(small)
    _check(predictor, astronaut, rect, small, box)
    assert detector(np.zeros((90, 71), np.uint8)) == []


@pytest.mark.parametrize("module", ["torchvision", "torchvision.models"])
def test_a_missing_package_is_named_not_its_module(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("danpredict.boxes.detectors.import_module", missing)
    with pytest.raises(ImportError, match=r"detector retinaface needs pip install 'torchvision'$"):
        load_detector("retinaface")


@pytest.mark.usefixtures("face_alignment")
def test_retinaface_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ImportError, match="detector retinaface needs pip install 'torchvision"):
        load_detector("retinaface")


@pytest.mark.usefixtures("face_alignment")
@pytest.mark.parametrize("name", sorted({*FACE_ALIGNMENT_DETECTORS} - {"retinaface"}))
def test_weights_that_cannot_be_downloaded_are_asked_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr("torch.hub.urlopen", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(
        RuntimeError, match=rf"{name} could not load its weights .*pass its path as"
    ):
        load_detector(name)


def test_what_a_detector_lacks_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"out of \['blazeface', .*'yunet'\], got 'mtcnn'"):
        load_detector("mtcnn")
    with pytest.raises(FileNotFoundError, match="expected the weights of yunet, found no"):
        load_detector("yunet", weights=tmp_path / "nothing.onnx")
    code = (
        "import sys; sys.modules['face_alignment'] = None\n"
        "import danpredict\n"
        "try: danpredict.load_detector('sfd')\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "the detector sfd needs pip install 'danpredict[face-alignment]'"


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
