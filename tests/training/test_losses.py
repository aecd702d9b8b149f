"""What is labelled, and only that, is learned; sigma and confidence tell the truth."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from danpredict import convention
from danpredict.landmarks.convention import Convention
from danpredict.model.network import StageResult
from danpredict.model.network_config import NetworkConfig
from danpredict.model.stage import StageOutput
from danpredict.training.augment import background_transforms, bend
from danpredict.training.config import AugmentConfig
from danpredict.training.losses import Target, heatmap_loss, landmark_loss, uncertainty_loss
from danpredict.training.sampler import Sampler
from danpredict.training.tiles import TILE, FaceTiles, complete
from danpredict.training.uncertainty import Calibration, fit_logistic

from ..faces import face_shape

SCALE = torch.tensor(40.0)
IDENTITY = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])


def result(landmarks: torch.Tensor, **output: torch.Tensor) -> StageResult:
    """A stage's result in a source frame that is the canonical one."""
    count = len(landmarks)
    said = StageOutput(torch.zeros(count, 4, 2), torch.zeros(count, 8), **output)
    return StageResult(landmarks, IDENTITY.expand(count, -1, -1), said)


def square(count: int) -> torch.Tensor:
    """Faces of four landmarks."""
    return torch.tensor([[20.0, 20], [60, 20], [20, 60], [60, 60]]).repeat(count, 1, 1)


def test_unknown_landmarks_and_background_teach_no_landmarks() -> None:
    truth = square(3)
    known = torch.ones(3, 4, dtype=torch.bool)
    known[0, 2] = False
    target = Target(truth, known, torch.tensor([True, True, False]), SCALE.expand(3))
    landmarks = (truth + 3).requires_grad_()
    loss = landmark_loss([result(landmarks)], target)
    assert loss.item() == pytest.approx(3 * 2**0.5 / 40, rel=1e-3)
    (gradient,) = torch.autograd.grad(loss, landmarks)
    taught = gradient.abs().sum(-1) > 0
    expected = known.clone()
    expected[2] = False
    assert torch.equal(taught, expected)
    nobody = Target(truth, known, torch.zeros(3, dtype=torch.bool), SCALE.expand(3))
    assert landmark_loss([result(landmarks)], nobody).item() == 0


def test_maps_are_right_where_the_landmarks_are() -> None:
    """On 14 cells of 8 pixels, the landmark at (27.5, 51.5) is the middle of cell (3, 6)."""
    truth = torch.tensor([[[27.5, 51.5], [1000.0, 51.5]]])  # the second lies outside
    target = Target(
        truth, torch.ones(1, 2, dtype=torch.bool), torch.tensor([True]), SCALE.expand(1)
    )
    losses = []
    for x, y in ((3, 6), (4, 6), (3, 5), (6, 3)):
        maps = torch.zeros(1, 2, 14, 14)
        maps[0, 0, y, x] = 20
        losses.append(heatmap_loss([result(truth, heatmaps=maps)], target, 112).item())
    assert losses[0] < 0.01
    assert min(losses[1:]) > 5
    between = Target(
        truth + 4, target.known, target.face, target.scale
    )  # half a cell on, in both directions
    maps = torch.full((1, 2, 14, 14), -30.0)
    maps[0, 0, 6:8, 3:5] = 0
    loss = heatmap_loss([result(truth, heatmaps=maps)], between, 112).item()
    assert loss == pytest.approx(np.log(4), rel=1e-3)


def test_sigma_is_taught_the_mean_distance() -> None:
    truth = square(2)
    target = Target(
        truth, torch.ones(2, 4, dtype=torch.bool), torch.tensor([True, True]), SCALE.expand(2)
    )
    landmarks = (truth + torch.tensor([3.0, 4])).requires_grad_()  # 5 pixels off
    losses = {}
    for sigma in (4.0, 5.0, 6.0):
        log_sigma = torch.full((2, 4), float(np.log(sigma)), requires_grad=True)
        said = result(landmarks, log_sigma=log_sigma, logit=torch.zeros(2))
        losses[sigma], confidence = uncertainty_loss(said, target)
        assert confidence.item() == pytest.approx(np.log(2))
    assert losses[5.0] < min(losses[4.0], losses[6.0])
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(losses[6.0], landmarks)  # the landmarks do not learn to be sure


def test_confidence_is_taught_what_came_out_well() -> None:
    truth = square(3)
    target = Target(
        truth,
        torch.ones(3, 4, dtype=torch.bool),
        torch.tensor([True, True, False]),
        SCALE.expand(3),
    )
    off = torch.tensor([1.0, 9.0, 1.0])[:, None, None] * torch.tensor([1.0, 0])  # of 40 pixels
    losses = []
    for logit in ((5.0, -5.0, 5.0), (5.0, 5.0, 5.0), (5.0, -5.0, -5.0)):
        said = result(truth + off, log_sigma=torch.zeros(3, 4), logit=torch.tensor(logit))
        losses.append(uncertainty_loss(said, target)[1].item())
    assert losses[0] < 0.01  # found well counts wherever it started
    assert min(losses[1:]) > 1


def test_calibration_finds_what_was_wrong() -> None:
    generator = torch.Generator().manual_seed(0)
    logit = torch.randn(20000, generator=generator) * 2
    good = torch.rand(20000, generator=generator) < torch.sigmoid(0.5 * logit - 1)
    slope, offset = fit_logistic(logit, good, torch.ones(20000))
    assert slope == pytest.approx(0.5, abs=0.03)
    assert offset == pytest.approx(-1, abs=0.05)


def test_calibration_is_worked_into_the_weights() -> None:
    from danpredict.model.stage import Stage

    config = NetworkConfig(landmarks=5, widths=(4, 4, 4, 4), blocks=(1, 1, 1, 1))
    stage = Stage(config, first=True, last=True).eval()
    image = torch.rand(2, 1, 112, 112) * 255
    before = stage(image)
    Calibration(1.5, 0.5, -1.0).apply(stage)
    after = stage(image)
    torch.testing.assert_close(after.log_sigma, before.log_sigma + np.log(1.5).item())
    torch.testing.assert_close(after.logit, before.logit * 0.5 - 1)
    torch.testing.assert_close(after.offsets, before.offsets)


def tiles(count: int) -> FaceTiles:
    """Faces in the middle of tiles, each of its own gray."""
    images = np.repeat(np.arange(count, dtype=np.uint8), TILE * TILE).reshape(-1, TILE, TILE)
    landmarks = (face_shape(68) + (TILE - 112) / 2)[None].repeat(count, 0).astype(np.float32)
    known = np.ones((count, 68), bool)
    known[:, :17] = False
    return FaceTiles(images, landmarks, known, np.zeros((count, 2, 3), np.float32))


def sampler(weights: list[float], augment: AugmentConfig) -> Sampler:
    layout = convention("ibug68")
    faces = tiles(len(weights))
    return Sampler(faces, np.array(weights), face_shape(68), layout, augment, seed=3)


def test_samples_do_not_depend_on_who_asks() -> None:
    draw = sampler([1, 1, 1], AugmentConfig(bend=0.5))
    images, starts, target = draw.batch(7, range(8))
    for rank in (0, 1):
        places = range(rank, 8, 2)
        part = draw.batch(7, places)
        assert torch.equal(part[0], images[rank::2])
        assert torch.equal(part[1], starts[rank::2])
        assert torch.equal(part[2].landmarks, target.landmarks[rank::2])
    assert not torch.equal(draw.batch(8, range(8))[1], starts)


def test_weights_and_labels_are_kept() -> None:
    still = AugmentConfig(light=0, shade=0, blur=0, noise=0, occlusion=0, background=0)
    images, _, target = sampler([1, 0, 3], still).batch(0, range(800))
    gray = images[:, 0, 0, 0]
    assert not (gray == 1).any()
    assert (gray == 2).float().mean().item() == pytest.approx(0.75, abs=0.06)
    assert not target.known[:, :17].any()  # the jaw stays the jaw when mirrored
    assert target.known[:, 17:].all()
    assert target.face.all()


def test_without_a_mirror_table_nothing_is_mirrored() -> None:
    still = AugmentConfig(light=0, shade=0, blur=0, noise=0, occlusion=0, background=0, roll=0)
    draw = sampler([1], still)
    draw.convention = Convention("custom68", 68)
    _, _, target = draw.batch(0, range(40))
    for landmarks in target.landmarks:
        np.testing.assert_array_equal(landmarks.numpy(), draw.faces.landmarks[0])
    diagonal = np.hypot(*np.ptp(draw.faces.landmarks[0], axis=0))
    assert target.scale.numpy() == pytest.approx(diagonal / 2)


def test_missing_landmarks_are_where_the_mean_shape_says() -> None:
    shape = face_shape(68)
    turned = shape @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 3 + 40
    partial = turned.copy()
    partial[:17] = np.nan
    np.testing.assert_allclose(complete(partial, shape), turned, atol=1e-6)
    partial[1:] = np.nan
    with pytest.raises(ValueError, match="at least two"):
        complete(partial, shape)


def test_bending_moves_pixels_and_points_together(rng: np.random.Generator) -> None:
    """Every landmark stays on its own blob."""
    points = rng.uniform(60, TILE - 60, (12, 2)).round()
    points = points[[i for i in range(12) if (np.abs(points - points[i]).max(1) < 12).sum() == 1]]
    always = AugmentConfig(turn=0.2, stretch=0.1)
    moves = []
    for _ in range(10):
        for point in points:
            dot = np.zeros((TILE, TILE), np.uint8)
            x, y = point.astype(int)
            dot[y, x] = 255
            tile = cv2.GaussianBlur(dot, (0, 0), 2) * 8
            state = rng.bit_generator.state
            bent, moved = bend(rng, tile, points, always)
            rng.bit_generator.state = state
            rows, columns = np.indices(bent.shape)
            weight = bent.astype(float)
            found = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
            here = moved[(points == point).all(1)][0]
            np.testing.assert_allclose(found, here, atol=0.6)
            moves.append(np.abs(here - point).max())
        bend(rng, tile, points, always)  # on to the next variation
    assert max(moves) > 5


def test_background_transforms_miss_the_face(rng: np.random.Generator) -> None:
    shape = face_shape(68)
    landmarks = (shape * 1.4 + 30)[None].repeat(400, 0)
    starts = background_transforms(
        rng, landmarks, shape, dataclasses.replace(AugmentConfig(), roll=0)
    )
    low, high = shape.min(0), shape.max(0)
    box = landmarks[0] @ starts[:, :, :2].transpose(0, 2, 1) + starts[:, None, :, 2]
    common = np.clip(np.minimum(box.max(1), high) - np.maximum(box.min(1), low), 0, None).prod(1)
    union = np.ptp(box, axis=1).prod(1) + (high - low).prod() - common
    assert (common / union).max() < 0.5
    assert (common / union).mean() < 0.2
