"""The shipped model knows where it may be wrong: sigma, confidence, parts left out on request."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from danpredict import DANShapePredictor, convention
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.datasets.csv_table import read_csv
from danpredict.datasets.dataset import read_folder
from danpredict.evaluation.metrics import normalised_errors
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.model.file import read_model
from danpredict.model.zoo import find_model
from danpredict.training.pseudo_labels.one_model import label_with_one_model

from ..conftest import ROOT, Image
from ..faces import write_dataset


def test_a_face_is_trusted_and_background_is_not(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    face = predictor(astronaut, rect)
    assert face.confidence is not None
    assert face.confidence > 0.9
    for left, top in ((330, 60), (20, 20), (300, 350), (60, 380)):  # flag, shuttle, suit
        nothing = predictor(astronaut, dlib.rectangle(left, top, left + 90, top + 90))
        assert nothing.confidence is not None
        assert nothing.confidence < 0.5
        assert nothing.sigma is not None
        assert np.isfinite(nothing.sigma).all()


def test_sigma_is_in_pixels_of_the_image(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    sigma = predictor(astronaut, rect).sigma
    assert sigma is not None
    assert sigma.shape == (68,)
    assert sigma.dtype == np.float32
    assert 0.3 < sigma.mean() < 6  # the eyes are 64 pixels apart
    jaw, eyes = sigma[:17].mean(), sigma[36:48].mean()
    assert jaw > eyes  # the outline is the hard part
    large = astronaut.repeat(3, 0).repeat(3, 1)
    sides = (rect.left(), rect.top(), rect.right() + 1, rect.bottom() + 1)
    left, top, right, bottom = (3 * side for side in sides)
    tripled = predictor(large, dlib.rectangle(left, top, right - 1, bottom - 1)).sigma
    assert tripled is not None
    assert tripled.mean() == pytest.approx(3 * sigma.mean(), rel=0.05)
    np.testing.assert_allclose(tripled, 3 * sigma, rtol=0.1)


def test_a_covered_chin_is_doubtful(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    covered = astronaut.copy()
    covered[150:215, 180:270] = 60
    before, after = predictor(astronaut, rect).sigma, predictor(covered, rect).sigma
    assert before is not None
    assert after is not None
    assert after[5:12].mean() > 1.2 * before[5:12].mean()


def test_stages_end_at_the_landmarks(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    det = predictor(astronaut, rect)
    assert det.stages is not None
    assert det.stages.shape == (predictor.info["stages"], 68, 2)
    np.testing.assert_array_equal(det.stages[-1], det.landmarks)


def test_doubtful_parts_are_left_out_on_request(astronaut: Image, rect: Any) -> None:
    everything = DANShapePredictor(threads=1)(astronaut, rect)
    assert everything.present.all()
    assert everything.sigma is not None
    eyes = np.linalg.norm(everything.landmarks[36] - everything.landmarks[45])
    limit = float(np.median(everything.sigma) / eyes)
    some = DANShapePredictor(threads=1, max_sigma=limit)(astronaut, rect)
    np.testing.assert_array_equal(some.present, everything.sigma <= limit * eyes)
    assert 20 < some.present.sum() < 50
    np.testing.assert_array_equal(some.landmarks, everything.landmarks)
    for part, whole, there in zip(some.parts(), everything.parts(), some.present, strict=True):
        assert str(part) == str(whole if there else dlib.point(2**51 - 1, 2**51 - 1))
    again = pickle.loads(pickle.dumps(some))
    assert str(again.parts()) == str(some.parts())


def test_dlib_takes_left_out_parts_for_missing(astronaut: Image, rect: Any, tmp_path: Path) -> None:
    """The value means the same to dlib: its own evaluation leaves such parts out."""
    some = DANShapePredictor(threads=1, max_sigma=0.02)(astronaut, rect)
    assert not some.present.all()
    again = pickle.loads(pickle.dumps(dlib.full_object_detection(rect, some.parts())))
    assert str(again.parts()) == str(some.parts())


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_wrong_limits_are_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="max_sigma"):
        DANShapePredictor(max_sigma=limit)


def test_copies_keep_sigma_and_confidence(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    det = predictor(astronaut, rect)
    for again in (copy.copy(det), copy.deepcopy(det), pickle.loads(pickle.dumps(det))):
        np.testing.assert_array_equal(again.sigma, det.sigma)
        np.testing.assert_array_equal(again.stages, det.stages)
        assert again.confidence == det.confidence
    picky = pickle.loads(pickle.dumps(DANShapePredictor(threads=1, max_sigma=0.03)))
    assert not picky(astronaut, rect).present.all()


def test_relabelling_completes_faces(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, tmp_path: Path
) -> None:
    truth = predictor(astronaut, rect).landmarks
    write_dataset(tmp_path / "set", astronaut, truth, count=5)
    whole = read_folder(tmp_path / "set")
    for face in whole:
        face.landmarks[:17] = np.nan
        face.landmarks[17:] += 1.5  # another annotator
    whole[2].landmarks[:] += 25  # a wrong label
    layout = convention("ibug68")
    table = tmp_path / "labels.csv"
    assert (
        label_with_one_model(Cascade(read_model(find_model("lean68"))), whole, layout, table) == 4
    )
    new = read_csv(table, 68)
    expected = read_folder(tmp_path / "set")
    expected.pop(2)
    assert [face.path.name for face in new] == [face.path.name for face in expected]
    theirs = np.stack([face.landmarks for face in expected])
    ours = np.stack([face.landmarks for face in new])
    assert normalised_errors(ours, theirs, inter_ocular(theirs, layout)).max() < 0.04


def test_the_picture_of_the_limits(tmp_path: Path) -> None:
    out = tmp_path / "limits.png"
    script = ROOT / "examples" / "limits.py"
    subprocess.run([sys.executable, "-W", "error", script, "--out", out], check=True)
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.std() > 30
