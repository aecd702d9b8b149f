"""A run that trains on openness logs it; other conventions are refused before the first step."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import pytest
import torch

from danpredict.model.network_config import NetworkConfig
from danpredict.training import run
from danpredict.training.config import AugmentConfig, LossConfig, ScheduleConfig, TrainingConfig
from danpredict.training.data import DataSource
from danpredict.training.run import train
from danpredict.training.trainer import Trainer

TINY = TrainingConfig(
    name="tiny",
    convention="ibug68",
    region=1.3,
    network=NetworkConfig(stages=2, widths=(16, 16, 16, 16), blocks=(0, 1, 1, 1), hidden=32),
    augment=AugmentConfig(eyes=0.5, mouth=0.5, shut_eyes=2.5, wide_mouths=2.0, turned=1.5),
    loss=LossConfig(openness=1.0),
    schedule=ScheduleConfig(faces=48, batch=8),
)


def test_openness_is_logged(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "finish", lambda *_: None)  # no export, which takes longest
    train([DataSource(dataset)], tmp_path, TINY, validation=0.5)
    with (tmp_path / "log.csv").open(newline="") as stream:
        row = list(csv.DictReader(stream))[-1]
    assert float(row["ear_error"]) > 0
    penalty = abs(1 - float(row["ear_slope"])) + abs(1 - float(row["mar_slope"]))
    assert float(row["score"]) == pytest.approx(float(row["nme_stage2"]) + penalty, rel=1e-4)


def test_the_weight_scales_the_loss(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainers: list[Trainer] = []
    monkeypatch.setattr(Trainer, "run", lambda self, **_: None)
    monkeypatch.setattr(run, "finish", lambda trainer, *_: trainers.append(trainer))
    for weight in (0.0, 1.0, 3.0):
        config = dataclasses.replace(TINY, loss=LossConfig(openness=weight))
        train([DataSource(dataset)], tmp_path / str(weight), config, validation=0.5)
    losses = []
    for trainer in trainers:
        images, starts, target = trainer.sampler.batch(0, range(8))
        torch.manual_seed(0)  # for dropout
        losses.append(trainer.loss(trainer.network(images, starts), target).item())
    without, once, thrice = losses
    assert once > without
    assert thrice - without == pytest.approx(3 * (once - without), rel=1e-3)
