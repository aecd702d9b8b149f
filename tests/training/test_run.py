"""Training on a made-up data set: it learns, resumes exactly, and writes a usable model."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from danpredict import DANShapePredictor, convention
from danpredict.boxes.calibration import BoxCalibration
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.datasets.dataset import read_folder
from danpredict.evaluation.metrics import normalised_errors
from danpredict.files.pictures import read_picture
from danpredict.geometry.similarity import BoundingBox, bounding_box, initial_transform
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.model.file import read_model
from danpredict.model.network_config import NetworkConfig
from danpredict.model.zoo import find_model
from danpredict.training import run
from danpredict.training.config import (
    AugmentConfig,
    LossConfig,
    ScheduleConfig,
    TrainingConfig,
    load_config,
)
from danpredict.training.data import DataSource, split_faces
from danpredict.training.run import train

from ..conftest import Image

SMALL = TrainingConfig(
    name="small",
    convention="ibug68",
    region=1.3,
    network=NetworkConfig(
        stages=2, widths=(16, 16, 16, 16), blocks=(1, 1, 1, 1), hidden=64, dropout=0.1
    ),
    augment=AugmentConfig(shift=0.03, scale=0.03, roll=4.0),
    loss=LossConfig(),
    schedule=ScheduleConfig(faces=8 * 150, batch=8, learning_rate=5e-3, averaging=0.9),
)
TIGHT = BoxCalibration(0.0, 0.0, 1.0, 1.0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small steps are faster on one thread, and the order of sums is the same every time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training ends with a shipped model's graphs: exporting takes longest, and others test it."""
    model = read_model(find_model("slim68"))
    monkeypatch.setattr(run, "export_model", lambda *_: model)


def test_overfits_and_exports(dataset: Path, tmp_path: Path) -> None:
    train([DataSource(dataset)], tmp_path, SMALL, validation=0.0)
    rows = (tmp_path / "log.csv").read_text().splitlines()
    losses = [float(row.split(",")[rows[0].split(",").index("loss")]) for row in rows[1:]]
    assert losses[-1] < losses[0] / 2
    model = read_model(tmp_path / "model.dan")
    assert model.info["training"]["train_faces"] == 12
    assert json.loads((tmp_path / "run.json").read_text())["training"]["seed"] == 0

    predictor = DANShapePredictor(tmp_path / "model.dan", threads=1)
    errors = []
    for face in read_folder(dataset):
        box = bounding_box(face.landmarks)
        start = initial_transform(box, model.mean_shape).inverse(model.mean_shape)
        found = predictor(read_picture(face.path), hog_rectangle(box, model.box)).landmarks
        pair = np.stack([found, start]), np.stack([face.landmarks] * 2)
        eyes = inter_ocular(face.landmarks[None], convention("ibug68"))
        errors.append(normalised_errors(*pair, eyes))
    ours, untouched = np.mean(errors, 0)
    assert ours < 0.6 * untouched


def hog_rectangle(box: BoundingBox, calibration: BoxCalibration) -> Any:
    """The rectangle that HOG would give for a landmark box."""
    import dlib

    width = (box.right - box.left) / (calibration.right - calibration.left)
    height = (box.bottom - box.top) / (calibration.bottom - calibration.top)
    left, top = box.left - calibration.left * width, box.top - calibration.top * height
    return dlib.rectangle(*(round(v) for v in (left, top, left + width - 1, top + height - 1)))


@pytest.mark.usefixtures("no_export")
def test_a_run_is_recorded(dataset: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, schedule=dataclasses.replace(SMALL.schedule, faces=8 * 4))
    extra = tmp_path / "jawless.csv"
    (face, *_) = read_folder(dataset)
    cv2.imwrite(str(tmp_path / "one.png"), read_picture(face.path)[..., ::-1])
    header = ",".join(f"x{i},y{i}" for i in range(17, 68))
    values = ",".join(f"{v:.1f}" for v in face.landmarks[17:].ravel())
    extra.write_text(f"file,{header}\none.png,{values}\n")
    out = tmp_path / "run"
    sources = [DataSource(dataset, 2.0), DataSource(extra, 0.5, extra=True)]
    train(sources, out, config, validation=0.3)
    record = json.loads((out / "run.json").read_text())["training"]
    assert [row["weight"] for row in record["data"]] == [2.0, 0.5]
    assert record["train_faces"] + record["validation_faces"] == 13
    assert record["data"][1]["train_faces"] == 1
    assert len(record["data"][0]["sha256"]) == 64
    assert record["config"]["network"]["widths"] == [16, 16, 16, 16]
    assert record["versions"]["torch"] == torch.__version__
    assert record["processes"] == 1
    assert (out / "curves.png").stat().st_size > 5000
    with pytest.raises(ValueError, match="twice"):
        train([DataSource(dataset), DataSource(dataset, extra=True)], out, config)


@pytest.mark.usefixtures("no_export")
def test_two_processes_share_a_run(dataset: Path, tmp_path: Path) -> None:
    """Through PyTorch's own launcher; a single process then goes on with it."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'convention = "ibug68"\nregion = 1.3\n[network]\nwidths = [16, 16, 16, 16]\n'
        "blocks = [0, 1, 1, 1]\nhidden = 32\nheatmaps = true\n"
        "[schedule]\nfaces = 48\nbatch = 8\n"
    )
    out = tmp_path / "run"
    arguments = ["train", str(dataset), "--config", str(recipe), "--out", str(out)]
    launch = ["torchrun", "--standalone", "--nproc-per-node", "2", "-m", "danpredict"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*launch, *arguments], check=True, env=environment, capture_output=True)
    assert json.loads((out / "run.json").read_text())["training"]["processes"] == 2
    table = (out / "log.csv").read_text().splitlines()
    assert table[-1].startswith("6,48,")
    assert len(table) == 7  # one process alone writes
    together = torch.load(out / "checkpoint.pt", weights_only=True)

    alone = tmp_path / "alone"
    train([DataSource(dataset)], alone, load_config(str(recipe)))
    apart = torch.load(alone / "checkpoint.pt", weights_only=True)
    # The same faces, so much the same network; batch normalisation sees half a batch at a time.
    name = "stages.0.output.weight"
    torch.testing.assert_close(together["network"][name], apart["network"][name], rtol=0, atol=0.02)
    train([DataSource(dataset)], out, load_config(str(recipe)))  # finished: only exports again


def test_initial_weights_give_the_same_results_as_their_model(
    dataset: Path, tmp_path: Path, astronaut: Image
) -> None:
    config = dataclasses.replace(SMALL, schedule=dataclasses.replace(SMALL.schedule, faces=8 * 40))
    first = train([DataSource(dataset)], tmp_path / "first", config, validation=0.0)
    assert first is not None
    # A learning rate of nothing leaves what was taken over, and even training's own view of it.
    still = dataclasses.replace(
        config, schedule=dataclasses.replace(config.schedule, faces=8, learning_rate=0.0)
    )
    second = train(
        [DataSource(dataset)], tmp_path / "second", still, validation=0.0, initial_model=first
    )
    assert second is not None
    record = json.loads((tmp_path / "second" / "run.json").read_text())["training"]
    assert record["initial_weights"] == hashlib.sha256(first.data).hexdigest()
    start = initial_transform(BoundingBox(180, 90, 260, 175), first.mean_shape)
    before, after = (
        Cascade(model).refine([astronaut], [start]).stages for model in (first, second)
    )
    moved = np.abs(before[-1] - start.inverse(first.mean_shape)).max()
    assert moved > 1
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(a, b, atol=0.1 * moved)

    # New residual blocks start as the identity.
    more = tuple(number + 1 for number in SMALL.network.blocks)
    deeper = dataclasses.replace(still, network=dataclasses.replace(SMALL.network, blocks=more))
    third = train(
        [DataSource(dataset)], tmp_path / "deeper", deeper, validation=0.0, initial_model=first
    )
    assert third is not None
    assert len(third.graphs[0]) > len(first.graphs[0])
    for a, b in zip(before, Cascade(third).refine([astronaut], [start]).stages, strict=True):
        np.testing.assert_allclose(a, b, atol=0.1 * moved)

    other = dataclasses.replace(still, network=dataclasses.replace(SMALL.network, backbone="plain"))
    with pytest.raises(ValueError, match="same layers"):
        train([DataSource(dataset)], tmp_path / "third", other, initial_model=first)
    fewer = dataclasses.replace(still, network=dataclasses.replace(SMALL.network, stages=1))
    with pytest.raises(ValueError, match="1 stages"):
        train([DataSource(dataset)], tmp_path / "fourth", fewer, initial_model=first)


@pytest.mark.usefixtures("no_export")
def test_resuming_goes_on_exactly(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from danpredict.training import trainer

    config = dataclasses.replace(SMALL, schedule=dataclasses.replace(SMALL.schedule, faces=8 * 6))
    train([DataSource(dataset)], tmp_path / "whole", config, validation=0.3)

    step = trainer.Trainer.train_step

    def stop_at_three(self: trainer.Trainer) -> float:
        if self.step == 3:
            self.save()
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(trainer.Trainer, "train_step", stop_at_three)
    with pytest.raises(KeyboardInterrupt):
        train([DataSource(dataset)], tmp_path / "parts", config, validation=0.3)
    monkeypatch.undo()
    train([DataSource(dataset)], tmp_path / "parts", config, validation=0.3)

    whole, parts = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)
        for name in ("whole", "parts")
    )
    for kind in ("network", "averaged"):
        for name, value in whole[kind].items():
            torch.testing.assert_close(parts[kind][name], value, rtol=0, atol=0)
    folder = tmp_path / "parts"
    card = (folder / "run.json").read_text()
    longer = dataclasses.replace(config, schedule=ScheduleConfig(faces=8 * 7, batch=8))
    with pytest.raises(
        ValueError,
        match=r"checkpoint\.pt was made with another config\.schedule\.\w+ \(.*, now .*\)",
    ):
        train([DataSource(dataset)], folder, longer, validation=0.3)
    with pytest.raises(ValueError, match="seed"):
        train([DataSource(dataset)], folder, config, validation=0.3, seed=1)
    assert (folder / "run.json").read_text() == card
    with pytest.raises(ValueError, match="validation_fraction"):
        train([DataSource(dataset)], folder, config, validation=0.2)
    (folder / "checkpoint.pt").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="expected a checkpoint"):
        train([DataSource(dataset)], folder, config, validation=0.3)


@pytest.mark.usefixtures("no_export")
def test_a_checkpoint_before_the_first_row_of_the_log(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow machine the first checkpoint is due before the first validation."""
    monkeypatch.setattr("danpredict.training.trainer.CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr("danpredict.training.trainer.VALIDATIONS", 1)
    schedule = dataclasses.replace(SMALL.schedule, faces=3 * SMALL.schedule.batch)
    config = dataclasses.replace(SMALL, schedule=schedule)
    assert train([DataSource(dataset)], tmp_path / "run", config) is not None
    assert (tmp_path / "run" / "curves.png").is_file()


def test_a_photo_is_on_one_side_of_the_split(dataset: Path) -> None:
    faces = read_folder(dataset)
    split = split_faces(faces, 0.5)
    assert len(split.train) + len(split.validation) == len(faces)
    assert split.train
    assert split.validation
    assert not {f.photo for f in split.train} & {f.photo for f in split.validation}
    numbered = dataclasses.replace(faces[0], path=Path("afw/134212_1.jpg"))
    other = dataclasses.replace(faces[0], path=Path("afw/134212_2.jpg"))
    assert numbered.photo == other.photo


def test_configs_are_checked(tmp_path: Path) -> None:
    assert load_config("lean").network.backbone == "residual"
    with pytest.raises(FileNotFoundError, match="lean"):
        load_config("nobody")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('convention="ibug68"\nregion=1.3\n[network]\nwings=2\n[schedule]\n')
    with pytest.raises(ValueError, match="wings"):
        load_config(str(wrong))
    whole = 'convention="ibug68"\nregion=%s\n[network]\n%s\n[schedule]\n'
    for text, message in (
        ("region=", "wrong.toml"),
        ("region=1", "convention"),
        (whole % ("[1]", ""), "wrong.toml"),
        (whole % ("0", ""), "positive region"),
        (whole % ("1.3", "landmarks=5"), "68 landmarks"),
        (whole % ("1.3", 'backbone="vgg"'), "residual"),
        (whole % ("1.3", "widths=[8, 8, 8, 8, 8]"), "halve"),
        (whole % ("1.3", "stages=0"), "at least 1 for stages"),
        (whole % ("1.3", "blocks=[1, 1]"), "each of 4 levels"),
        (whole % ("1.3", 'backbone="plain"\nblocks=[0, 1, 1, 1]'), "first level"),
    ):
        wrong.write_text(text)
        with pytest.raises(ValueError, match=message):
            load_config(str(wrong))
