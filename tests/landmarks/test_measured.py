"""Openness of eyes and mouth of one face, with its uncertainty."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from danpredict import DANShapePredictor, Detection, Measured
from danpredict.landmarks.measured import eye_openness, mouth_openness
from danpredict.landmarks.openness import eye_aspect_ratio, mouth_aspect_ratio

from ..conftest import Image
from ..faces import drawn_face


def test_a_measured_number_is_a_float_with_std() -> None:
    value = Measured(0.25, 0.02)
    assert value + 1 == 1.25
    assert value < 0.3
    assert repr(value) == "0.25 ± 0.02"
    assert repr(Measured(0.25)) == "0.25"
    again = pickle.loads(pickle.dumps(value))
    assert (again, again.std) == (0.25, 0.02)


def test_values_are_those_of_openness(rect: Any) -> None:
    face = drawn_face(ear=0.25, mar=0.4)
    face[[43, 44], 1] -= 3  # the person's left eye is wider open
    det = Detection(rect, face, convention="ibug68")
    right, left = det.eye_openness
    assert right == pytest.approx(0.25)
    assert left > right
    assert (right + left) / 2 == pytest.approx(float(eye_aspect_ratio(face)))
    assert det.mouth_openness == pytest.approx(float(mouth_aspect_ratio(face)))
    assert right.std is left.std is det.mouth_openness.std is None


def test_std_is_the_spread_of_noisy_landmarks() -> None:
    rng = np.random.default_rng(0)
    face, sigma = drawn_face(ear=0.3, mar=0.5), rng.uniform(0.3, 0.6, 68)
    noise = rng.normal(0, 1, (4000, 68, 2)) * (sigma / np.sqrt(np.pi / 2))[:, None]
    noisy = face + noise
    eyes = np.array([eye_openness(one) for one in noisy])
    assert [e.std for e in eye_openness(face, sigma)] == pytest.approx(eyes.std(0), rel=0.1)
    mouths = np.array([mouth_openness(one) for one in noisy])
    assert mouth_openness(face, sigma).std == pytest.approx(mouths.std(), rel=0.1)


def test_the_astronaut(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    det = predictor(astronaut, rect)
    for value in (*det.eye_openness, det.mouth_openness):
        assert 0.1 < value < 0.5
        assert value.std is not None
        assert 0.005 < value.std < 0.2
    five = DANShapePredictor(convention="dlib5", threads=1)(astronaut, rect)
    with pytest.raises(ValueError, match=r"ibug68 for the openness of eyes, got dlib5"):
        _ = five.eye_openness


def test_missing_landmarks_are_refused(rect: Any) -> None:
    face, present = drawn_face(), np.ones(68, bool)
    face[37], present[37] = np.nan, False
    det = Detection(rect, face, present=present)
    with pytest.raises(ValueError, match=r"finite landmarks for the openness of eyes.*\[37\]"):
        _ = det.eye_openness
    assert det.mouth_openness == pytest.approx(0.2)
    same = drawn_face()
    same[36] = same[39]
    with pytest.raises(ValueError, match="landmarks 36 and 39 in the same place"):
        eye_openness(same)
