"""Warped faces with exact landmarks, and the comparison of labels with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from danpredict import DANShapePredictor
from danpredict.geometry.sampling import Image
from danpredict.landmarks.openness import eye_aspect_ratio, mouth_aspect_ratio
from danpredict.training.clean_labels.openness_response import response_lines, warped


def test_a_warp_keeps_colours_and_moves_only_its_part(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    landmarks = np.asarray(predictor(astronaut, rect).landmarks, np.float64)
    picture = astronaut[:400]  # not square
    same, unmoved = warped(picture, landmarks, "none", 0)
    assert np.array_equal(same, picture)
    assert np.array_equal(unmoved, landmarks)
    shut, lids = warped(picture, landmarks, "eyes", 1)
    assert eye_aspect_ratio(lids) < 0.3 * eye_aspect_ratio(landmarks)
    assert np.array_equal(np.delete(lids, np.s_[36:48], 0), np.delete(landmarks, np.s_[36:48], 0))
    wide, lips = warped(picture, landmarks, "mouth", 0.5)
    assert mouth_aspect_ratio(lips) == pytest.approx(0.5, abs=0.05)
    assert np.array_equal(lips[36:48], landmarks[36:48])
    for changed in (shut, wide):
        assert changed.shape == picture.shape
        assert 0 < (changed != picture).any(-1).mean() < 0.2


def test_labels_that_shrink_mouths_have_a_lower_slope(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    face = np.asarray(predictor(astronaut, rect).landmarks, np.float64)
    kinds = [("none", 0.0), ("eyes", 0.5), ("mouth", 0.3), ("mouth", 0.6)]
    names, truth = [], []
    for number in range(3):
        for part, amount in kinds:
            names.append(f"face_{number}_{part}_{amount:g}.png")
            truth.append(warped(astronaut, face, part, amount)[1])
    exact, labels = np.stack(truth), np.stack(truth)
    labels[:, 66] = exact[:, 62] + 0.5 * (exact[:, 66] - exact[:, 62])
    eyes, mouth = (line for line in response_lines(names, labels, exact) if "slope" in line)
    assert eyes.startswith("slope 1.00 (1.00 to 1.00), intercept")
    assert mouth.startswith("slope 0.50 (0.50 to 0.50), intercept")
    assert eyes.endswith("error 0.000")
