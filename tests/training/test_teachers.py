"""Teachers: networks that label pictures for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from danpredict import convention
from danpredict.datasets.dataset import read_folder
from danpredict.geometry.similarity import face_transform
from danpredict.training.config import AugmentConfig, load_config
from danpredict.training.data import DataSource
from danpredict.training.teachers.train import (
    CONFIG,
    landmark_transforms,
    load_teacher,
    train_teacher,
)
from danpredict.training.tiles import canonical_mean_shape

from ..faces import face_shape


@pytest.fixture
def _packages() -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the extra 'teachers' is missing")


def test_starts_know_how_a_face_is_rolled(rng: np.random.Generator) -> None:
    shape = face_shape(68, size=160)
    angle = np.radians(50)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (shape @ rotation.T * 0.6 + [70, 20])[None].repeat(300, 0)
    exact = landmark_transforms(rng, points, shape, AugmentConfig(shift=0, scale=0, roll=0))
    np.testing.assert_allclose(exact[0], face_transform(points[0], shape).params[:2], rtol=1e-5)
    varied = landmark_transforms(
        rng, points, shape, AugmentConfig(shift=0.045, scale=0.075, roll=7.5)
    )
    turn = np.degrees(np.arctan2(varied[:, 1, 0], varied[:, 0, 0])) + 50
    size = np.log(np.hypot(varied[:, 0, 0], varied[:, 1, 0]) * 0.6)
    assert turn.mean() == pytest.approx(0, abs=1.5)
    assert turn.std() == pytest.approx(7.5, rel=0.15)
    assert size.std() == pytest.approx(0.075, rel=0.15)
    middle = (shape.min(0) + shape.max(0)) / 2
    there = np.linalg.inv(np.vstack([exact[0], [0, 0, 1]]))[:2]
    moved = varied[:, :, :2] @ (there[:, :2] @ middle + there[:, 2]) + varied[:, :, 2]
    assert moved.std(0) == pytest.approx(0.045 * np.ptp(shape, axis=0), rel=0.15)


@pytest.mark.usefixtures("_packages")
def test_an_untrained_teacher_begins_at_the_mean_shape(dataset: Path) -> None:
    from danpredict.training.teachers.integral import IntegralTeacher

    mean = canonical_mean_shape(read_folder(dataset), convention("ibug68").mirror, 160, 1.4)
    torch.manual_seed(0)
    teacher = IntegralTeacher(torch.from_numpy(mean).float(), 160)
    start = torch.tensor([[[1.0, 0, -3], [0, 1, 5]]]).repeat(2, 1, 1)
    (result,) = teacher(torch.rand(2, 1, 170, 180) * 255, start)
    assert result.output.heatmaps.shape == (2, 68, 80, 80)
    expected = torch.from_numpy(mean) - torch.tensor([-3, 5])
    assert (result.landmarks - expected).abs().mean() < 5
    with pytest.raises(ValueError, match="multiple of 16"):
        IntegralTeacher(torch.from_numpy(mean).float(), 100)


@pytest.mark.usefixtures("_packages")
def test_a_run_ends_in_a_teacher(dataset: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "short.toml"
    text = CONFIG.read_text("utf-8")
    recipe.write_text(text.replace("80_000", "4").replace("batch = 16", "batch = 2"))
    config = load_config(str(recipe))
    path = train_teacher([DataSource(dataset)], tmp_path / "run", config)
    teacher = load_teacher(path)
    (result,) = teacher(torch.zeros(1, 1, 320, 320), torch.eye(3)[None, :2])
    assert torch.isfinite(result.landmarks).all()
    assert path.stat().st_size < 2_000_000
    assert train_teacher([DataSource(dataset)], tmp_path / "run", config) == path  # finished
