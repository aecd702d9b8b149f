"""Detectors of dlib, of OpenCV and of face-alignment, run for real."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor, FaceBox, load_detector
from danpredict.detectors.load import detectors, full_name

from ..conftest import Image, real_data


@pytest.fixture(scope="session")
def face_alignment() -> None:
    pytest.importorskip("face_alignment", reason="the extra 'face-alignment' is missing")


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
        ("face-alignment-yunet", "yunet_n_dynamic.onnx"),
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

    monkeypatch.setattr("danpredict.detectors.face_alignment_detectors.import_module", missing)
    with pytest.raises(ImportError, match=r"detector retinaface needs pip install 'torchvision'$"):
        load_detector("retinaface")


@pytest.mark.usefixtures("face_alignment")
def test_retinaface_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ImportError, match="detector retinaface needs pip install 'torchvision"):
        load_detector("retinaface")


@pytest.mark.usefixtures("face_alignment")
@pytest.mark.parametrize("name", ["blazeface", "face-alignment-yunet", "scrfd", "sfd"])
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
    with pytest.raises(ValueError, match=r"out of \['auto', .*'yunet'\], got 'mtcnn'"):
        load_detector("mtcnn")
    with pytest.raises(ValueError, match="expected upsample to be 0 or more, got -1"):
        load_detector("builtin", upsample=-1)
    with pytest.raises(FileNotFoundError, match="expected the weights of yunet, found no"):
        load_detector("yunet", weights=tmp_path / "nothing.onnx")
    with pytest.raises(FileNotFoundError, match=r"yunet needs a weights file: download face_det"):
        load_detector("yunet")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(RuntimeError, match=r"yunet could not load its weights: expected a file"):
        load_detector("yunet", weights=tmp_path / "text.onnx")
    code = (
        "import sys; sys.modules['face_alignment'] = None\n"
        "import danpredict\n"
        "try: danpredict.load_detector('sfd')\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "the detector sfd needs pip install 'danpredict[face-alignment]'"


def test_yunet_runs_in_opencv(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    weights = real_data("detectors", "detectors' weights") / "yunet_n_dynamic.onnx"
    detector = load_detector("yunet", weights=weights)
    small = astronaut[40:240, 130:310]
    (box,) = detector(small)
    assert box.source == "yunet"
    assert box.score is not None
    _check(predictor, astronaut, rect, small, box)
    assert detector(small[..., 0])[0].source == "yunet"  # gray
    large = np.asarray(cv2.resize(small, None, fx=11.5, fy=11.5), np.uint8)
    (shrunk,) = detector(large)  # 2300 pixels: it is shrunk before the network sees it
    middle = [(b.left + b.right + 1, b.top + b.bottom + 1) for b in (box, shrunk)]
    np.testing.assert_allclose(np.array(middle[1]) / 11.5, middle[0], atol=6)
    assert detector(np.zeros((90, 71), np.uint8)) == detector(np.zeros((0, 0, 3), np.uint8)) == []
    assert pickle.loads(pickle.dumps(detector))(small) == [box]


def test_auto_is_dlib_where_dlib_is_installed() -> None:
    assert full_name("auto") == full_name("dlib") == "dlib-hog"
    code = (
        "import sys; sys.modules['dlib'] = None\n"
        "from danpredict.detectors.load import full_name, load_detector\n"
        "print(full_name('auto'), type(load_detector('auto')).__name__)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["builtin", "Builtin"]
    assert {"auto", "builtin", "dlib", "yunet", "face-alignment-yunet"} <= {*detectors()}
