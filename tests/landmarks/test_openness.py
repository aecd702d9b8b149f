"""Ratios of eyes and mouths, and the loss that keeps them open and lets them shut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from danpredict import convention
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.openness import (
    eye_aspect_ratio,
    mouth_aspect_ratio,
    openness_scores,
    require_openness,
    slope,
    turn_ratio,
)
from danpredict.model.network import StageResult
from danpredict.model.stage import StageOutput
from danpredict.training.losses import Target, openness_loss

from ..faces import drawn_face

Points = NDArray[np.float64]


def turned(points: Points, degrees: float) -> Points:
    angle = np.radians(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(points @ rotation.T * 1.7 + [30, -12])


@pytest.mark.parametrize("degrees", [0, 35, 180])
def test_ratios_of_a_drawn_face(degrees: float) -> None:
    points = turned(drawn_face(ear=0.25, mar=0.4), degrees)
    assert eye_aspect_ratio(points) == pytest.approx(0.25)
    assert mouth_aspect_ratio(points) == pytest.approx(0.4)
    assert turn_ratio(points) == pytest.approx(0, abs=1e-9)
    mirrored = points[list(convention("ibug68").mirror or ())] * [-1, 1]
    assert eye_aspect_ratio(mirrored) == pytest.approx(0.25)


def test_a_nose_that_moves_aside_turns_the_head() -> None:
    points = drawn_face()
    points[30, 0] -= 15
    assert turn_ratio(points) < -0.3
    assert turn_ratio(points[list(convention("ibug68").mirror or ())] * [-1, 1]) > 0.3
    points[36] = np.nan
    assert np.isnan(eye_aspect_ratio(points))


def test_slope_and_scores_see_what_shrinks_to_the_mean() -> None:
    true = np.array([0.1, 0.2, 0.3, np.nan])
    assert slope(0.5 * true + 3, true) == pytest.approx(0.5)
    assert np.isnan(slope(np.ones(3), np.ones(3)))
    truth = np.stack([drawn_face(ear, mar) for ear, mar in ((0.1, 0), (0.3, 0.2), (0.35, 0.5))])
    perfect = openness_scores(truth, truth, 4.0)
    assert perfect == pytest.approx({"ear_slope": 1, "mar_slope": 1, "ear_error": 0, "score": 4.0})
    dull = np.stack([drawn_face(0.2 + 0.5 * (e - 0.2), 0.1) for e in (0.1, 0.3, 0.35)])
    scores = openness_scores(dull, truth, 4.0)
    assert scores["ear_slope"] == pytest.approx(0.5)
    assert scores["mar_slope"] == pytest.approx(0, abs=1e-9)
    assert scores["ear_error"] == pytest.approx((0.05 + 0.05 + 0.075) / 3)
    assert scores["score"] == pytest.approx(5.5)


def test_other_conventions_are_refused() -> None:
    require_openness(convention("ibug68"))
    with pytest.raises(ValueError, match=r"ibug68.*aflw19"):
        require_openness(convention("aflw19"))
    with pytest.raises(ValueError, match="custom68"):
        require_openness(Convention("custom68", 68))


def result(landmarks: torch.Tensor) -> StageResult:
    output = StageOutput(torch.zeros_like(landmarks), torch.zeros(len(landmarks), 8))
    return StageResult(landmarks, torch.zeros(len(landmarks), 2, 3), output)


def target(truth: torch.Tensor) -> Target:
    known = torch.ones(truth.shape[:2], dtype=torch.bool)
    return Target(truth, known, torch.ones(len(truth), dtype=torch.bool), torch.full((2,), 40.0))


def test_a_shifted_face_costs_nothing_and_an_eye_too_far_open_does() -> None:
    truth = torch.from_numpy(np.stack([drawn_face(), drawn_face(0.15)])).float()
    said = target(truth)
    assert openness_loss([result(truth + 5)], said).item() == pytest.approx(0.001 / 40, rel=1e-2)
    wrong = truth.clone()
    wrong[0, 37, 1] -= 7  # one of seven pairs of one of two faces
    loss = openness_loss([result(wrong)] * 2, said).item()  # two stages
    assert loss == pytest.approx(2 * 7 / 7 / 2 / 40, rel=1e-2)


def test_pairs_that_are_not_labelled_and_background_teach_nothing() -> None:
    truth = torch.from_numpy(np.stack([drawn_face(), drawn_face()])).float()
    said = target(truth)
    said.known[0, 41] = False
    said.face[1] = False
    landmarks = (truth * 1.2).requires_grad_()
    (gradient,) = torch.autograd.grad(openness_loss([result(landmarks)], said), landmarks)
    taught = torch.nonzero(gradient[0].abs().sum(-1)).flatten().tolist()
    assert taught == [38, 40, 43, 44, 46, 47, 61, 62, 63, 65, 66, 67]
    assert not gradient[1].any()
