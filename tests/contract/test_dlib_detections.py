"""Detections inside dlib's functions: five points, and fractions of pixels."""

from __future__ import annotations

from typing import Any

import dlib
import numpy as np
import pytest

from danpredict import DANShapePredictor
from danpredict.dlib_compat import state
from danpredict.dlib_compat.detection import Detection

from ..conftest import Image


def test_five_points_are_dlibs(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    whole = predictor(astronaut, rect)
    five = DANShapePredictor(threads=1, convention="dlib5")(astronaut, rect)
    assert five.num_parts == 5
    np.testing.assert_array_equal(five.landmarks, whole.landmarks[[45, 42, 36, 39, 33]])
    chips = [dlib.get_face_chip(astronaut, det, 150).astype(float) for det in (five, whole)]
    assert np.corrcoef(chips[0].ravel(), chips[1].ravel())[0, 1] > 0.8  # the same face
    with pytest.raises(ValueError, match="expected a landmark convention"):
        DANShapePredictor(convention="boxes")


def test_dlib_uses_the_fractions(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a pixel moves dlib's chip, although the parts round to the same whole pixels."""
    assert state.DLIB_KEEPS_FRACTIONS
    landmarks = np.floor(predictor(astronaut, rect).landmarks)
    chips = []
    for shift in (0.0, 0.49):
        det = Detection(rect, landmarks + shift)
        assert [[p.x, p.y] for p in det.parts()] == landmarks.astype(int).tolist()
        chips.append(dlib.get_face_chip(astronaut, det, 150).astype(float))
    assert np.abs(chips[0] - chips[1]).mean() > 1

    monkeypatch.setattr(state, "DLIB_KEEPS_FRACTIONS", False)  # as with dlib before 20.0.1
    older = [dlib.get_face_chip(astronaut, Detection(rect, landmarks + s), 150) for s in (0, 0.49)]
    np.testing.assert_array_equal(older[0], older[1])


def test_both_ways_to_build_a_detection_agree(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    landmarks = rng.normal(0, 300, (68, 2)).astype(np.float32)
    landmarks[:4] = [[2.5, -1.5], [-0.5, 0.49], [2.0**31, -(2.0**31)], [0, -0.0]]
    present = rng.random(68) < 0.8
    rect = dlib.rectangle(-(2**63), -3, 2**63 - 1, 70000)
    new = Detection(rect, landmarks, present=present)
    monkeypatch.setattr(state, "DLIB_KEEPS_FRACTIONS", False)
    old = Detection(rect, landmarks, present=present)
    assert new.rect == old.rect == rect
    assert str(new.parts()) == str(old.parts())
