"""What the network is shown: tiles, mean shape, starts and variation."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from danpredict import convention
from danpredict.boxes.calibration import BoxCalibration
from danpredict.datasets.dataset import read_folder
from danpredict.datasets.face import LabelledFace
from danpredict.geometry.sampling import sample_face
from danpredict.geometry.similarity import bounding_box, initial_transform
from danpredict.geometry.torch_sampling import warp
from danpredict.training.augment import random_transforms, vary
from danpredict.training.config import AugmentConfig
from danpredict.training.tiles import (
    canonical_mean_shape,
    cut_tiles,
    mirror_tile,
    procrustes_mean,
    rarity,
)

from ..conftest import Image
from ..faces import face_shape

TIGHT = BoxCalibration(0.0, 0.0, 1.0, 1.0)


def test_mean_shape_is_symmetric_upright_and_fills_the_frame(dataset: Path) -> None:
    mirror = list(convention("ibug68").mirror or ())
    shape = canonical_mean_shape(read_folder(dataset), mirror, 112, 1.3)
    np.testing.assert_allclose(shape[mirror] * [-1, 1] + [111, 0], shape, atol=1e-9)
    assert shape[8, 1] > shape[36, 1]  # chin below the eyes
    box = bounding_box(shape)
    assert max(box.right - box.left, box.bottom - box.top) == pytest.approx(112 / 1.3)
    assert (box.top + box.bottom) / 2 == pytest.approx(55.5)


def test_mean_shape_does_not_mind_similarities(rng: np.random.Generator) -> None:
    shapes = rng.normal(0, 1, (6, 4, 2)) * 0.1 + [[-1, 0], [1, 0], [0, 1], [0, -1]]
    angles = rng.uniform(-1.2, 1.2, 6)
    turns = [[[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]] for a in angles]
    moved = shapes @ turns * rng.uniform(0.5, 3, (6, 1, 1)) + rng.normal(0, 90, (6, 1, 2))
    expected, found = (procrustes_mean(s, [1, 0, 2, 3]) for s in (shapes, moved))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_mirroring_moves_pixels_and_points_together(rng: np.random.Generator) -> None:
    places = rng.permutation(256 * 256)[:68]
    x, y = places % 256, places // 256
    image = np.zeros((256, 256), np.uint8)
    image[y, x] = np.arange(1, 69)  # each point its own gray
    mirror = convention("ibug68").mirror or ()
    flipped, moved = mirror_tile(image, np.stack([x, y], 1).astype(float), mirror)
    x, y = moved.astype(int).T
    np.testing.assert_array_equal(flipped[y, x], np.array(mirror) + 1)


def test_mirroring_twice_is_nothing(rng: np.random.Generator) -> None:
    image = rng.integers(0, 256, (256, 256), dtype=np.uint8)
    landmarks = rng.uniform(0, 255, (68, 2))
    mirror = convention("ibug68").mirror or ()
    once = mirror_tile(image, landmarks, mirror)
    assert not np.array_equal(once[0], image)
    twice = mirror_tile(*once, mirror)
    np.testing.assert_array_equal(twice[0], image)
    np.testing.assert_allclose(twice[1], landmarks)


def test_starts_without_noise_are_those_of_inference(dataset: Path) -> None:
    faces = read_folder(dataset)
    shape = canonical_mean_shape(faces, convention("ibug68").mirror, 112, 1.3)
    tiles = cut_tiles(faces, shape, TIGHT)
    still = AugmentConfig(shift=0, scale=0, roll=0)
    starts = random_transforms(np.random.default_rng(0), tiles.landmarks, shape, still)
    for start, landmarks in zip(starts, tiles.landmarks, strict=True):
        expected = initial_transform(bounding_box(landmarks), shape).params[:2]
        np.testing.assert_allclose(start, expected, rtol=1e-5, atol=1e-3)


def test_rolled_starts_frame_the_face_as_it_then_stands(rng: np.random.Generator) -> None:
    """However the face is turned, its box coincides with the mean shape's."""
    shape = face_shape(68)
    landmarks = np.stack([shape * s + 20 for s in (0.7, 1.0, 1.6)])
    landmarks[:, :, 1] *= 1.3  # not round
    starts = random_transforms(rng, landmarks, shape, AugmentConfig(shift=0, scale=0, roll=40))
    angles = np.degrees(np.arctan2(starts[:, 1, 0], starts[:, 0, 0]))
    assert np.abs(angles).min() > 1
    frame = np.array(bounding_box(shape)).reshape(2, 2)
    for start, points in zip(starts, landmarks, strict=True):
        box = np.array(bounding_box(points @ start[:, :2].T + start[:, 2])).reshape(2, 2)
        np.testing.assert_allclose(box.sum(0), frame.sum(0), atol=1e-3)
        assert (np.ptp(box, axis=0) / np.ptp(frame, axis=0)).mean() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("factor", [1, 2, 3, 8])
def test_tiles_show_what_inference_samples(factor: int, astronaut: Image, tmp_path: Path) -> None:
    """Whatever the size of the face, landmarks and pixels of a tile are those of inference."""
    shape = face_shape(68)
    large = astronaut.repeat(factor, 0).repeat(factor, 1)
    landmarks = (shape + [165, 70] + 0.5) * factor - 0.5
    cv2.imwrite(str(tmp_path / "large.png"), large[..., ::-1])
    face = LabelledFace(tmp_path / "large.png", landmarks)
    tiles = cut_tiles([face], shape, TIGHT)
    images = torch.from_numpy(tiles.images)[:, None].float()
    warped = warp(images, torch.from_numpy(tiles.transforms), 112)
    start = initial_transform(bounding_box(landmarks), shape)
    sampled = sample_face(large, start.inverse, 112)
    np.testing.assert_allclose(warped[0, 0].numpy(), sampled, atol=2)
    canonical = tiles.landmarks[0] @ tiles.transforms[0, :, :2].T + tiles.transforms[0, :, 2]
    np.testing.assert_allclose(canonical, start(landmarks), atol=1e-3)


def test_noise_of_the_start_is_in_canonical_pixels(dataset: Path) -> None:
    """Large and small faces are shifted alike."""
    shape = canonical_mean_shape(read_folder(dataset), convention("ibug68").mirror, 112, 1.3)
    noise = AugmentConfig(shift=0.1, scale=0, roll=0)
    small, large = (
        random_transforms(
            np.random.default_rng(0), (shape * factor)[None].repeat(500, 0), shape, noise
        )
        for factor in (1, 7)
    )
    spread = [(s @ np.append(shape.mean(0) * f, 1)).std(0) for s, f in ((small, 1), (large, 7))]
    np.testing.assert_allclose(spread[0], spread[1], rtol=1e-3)
    assert spread[0] == pytest.approx(0.1 * np.ptp(shape, axis=0), rel=0.15)


def test_variation_keeps_size_and_kind(rng: np.random.Generator, dataset: Path) -> None:
    faces = read_folder(dataset)
    shape = canonical_mean_shape(faces, convention("ibug68").mirror, 112, 1.3)
    tiles = cut_tiles(faces, shape, TIGHT)
    always = AugmentConfig(light=1, shade=1, blur=1, noise=1, occlusion=1)
    for _ in range(20):
        varied = vary(rng, tiles.images[0], tiles.landmarks[0], tiles.images[1], always)
        assert varied.shape == tiles.images[0].shape
        assert varied.dtype == np.uint8
        assert not np.array_equal(varied, tiles.images[0])


def test_faces_unlike_the_mean_are_rare(rng: np.random.Generator) -> None:
    mean = face_shape(20)
    usual = mean + rng.normal(0, 0.5, (9, 20, 2))
    unusual = mean + rng.normal(0, 5.0, (2, 20, 2))
    turned = usual @ np.array([[0.0, -2.0], [2.0, 0.0]]) + 30  # a similarity makes no face rarer
    found = rarity(np.concatenate([usual, unusual]), mean)
    np.testing.assert_allclose(rarity(np.concatenate([turned, unusual]), mean), found)
    assert np.median(found) == pytest.approx(1)
    assert (found[9:] == 3).all()
    assert (rarity(np.repeat(mean[None], 3, 0), mean) == 0.5).all()
