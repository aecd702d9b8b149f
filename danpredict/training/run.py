"""One training run from data sets to a model file, with all that is needed to repeat it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from danpredict.boxes import box_calibration
from danpredict.conventions import convention
from danpredict.datasets import LabelledFace, read_dataset
from danpredict.metrics import summarise
from danpredict.model_file import Model
from danpredict.network import DeepAlignmentNetwork, Stage
from danpredict.training.config import TrainingConfig
from danpredict.training.export import BOX_SOURCE, export_model
from danpredict.training.faces import canonical_mean_shape, cut_tiles
from danpredict.training.record import commit, fingerprint, versions
from danpredict.training.sampling import Sampler
from danpredict.training.trainer import Trainer
from danpredict.training.trust import calibrate

LICENCE_UNKNOWN = "the terms of the training data apply"


@dataclass(frozen=True)
class DataSource:
    """A data set and how it is used.

    ``weight`` is in proportion to the chance of each of its faces to be drawn. ``extra`` keeps all
    of it for training: machine-made landmarks have no place in a validation.
    """

    path: Path
    weight: float = 1.0
    extra: bool = False


@dataclass(frozen=True)
class Split:
    """Faces for training and for validation; no photo is in both."""

    train: list[LabelledFace]
    validation: list[LabelledFace]


def split_faces(faces: Sequence[LabelledFace], fraction: float) -> Split:
    """Cut a validation part by photo: which side a photo falls on depends on its name alone."""
    limit = int(fraction * 2**32)
    split = Split([], [])
    for face in faces:
        number = int.from_bytes(hashlib.sha256(face.photo.encode()).digest()[:4], "big")
        (split.validation if number < limit else split.train).append(face)
    return split


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """With OpenCV's own pool fighting torch's, a step takes 1.15 x as long."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def train(
    sources: Sequence[DataSource],
    out: Path,
    config: TrainingConfig,
    *,
    rectangles: Path | None = None,
    validation: float = 0.1,
    seed: int = 0,
    licence: str = LICENCE_UNKNOWN,
    start: Model | None = None,
) -> Model | None:
    """Train, or go on with the run in ``out``.

    Writes ``model.dan``, ``run.json`` (all that is needed to repeat it), ``log.csv`` and
    ``curves.png``. Where torch.distributed is set up, the processes share the work.

    Parameters
    ----------
    sources : data sets
        A fraction of the photos of all that are not ``extra`` is kept for validation.
    rectangles : Path, optional
        Detector rectangles (see `danpredict.datasets.read_folder`) for validation to start from.
    start : Model, optional
        Begin with its weights instead of chance.

    Returns
    -------
    Model, or None in every process but the first.

    Raises
    ------
    FileNotFoundError, ValueError
        A data set is missing or damaged, or nothing is left to train on.
    """
    paths = [source.path.resolve() for source in sources]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice:
        raise ValueError(f"expected every data set once, got {twice.pop()} twice")
    layout = convention(config.convention)
    train_faces: list[LabelledFace] = []
    validation_faces: list[LabelledFace] = []
    weights: list[float] = []
    data: list[dict[str, Any]] = []
    for source in sources:
        faces = read_dataset(source.path, layout.size, None if source.extra else rectangles)
        split = split_faces(faces, 0.0 if source.extra else validation)
        train_faces += split.train
        validation_faces += split.validation
        weights += [source.weight] * len(split.train)
        data.append(
            {
                "name": "/".join(source.path.resolve().parts[-2:]),
                "faces": len(faces),
                "train_faces": len(split.train),
                "weight": source.weight,
                "sha256": fingerprint(faces),
            }
        )
    if not train_faces:
        raise ValueError("expected faces to train on, got none: all fell into validation")
    if start is not None and start.info["convention"] == config.convention:
        mean_shape = start.mean_shape  # what its weights move landmarks from
    else:
        mean_shape = canonical_mean_shape(
            train_faces, layout.mirror, config.network.input_size, config.region
        )
    calibration = box_calibration(BOX_SOURCE)
    recipe: dict[str, Any] = {
        "config": asdict(config),
        "seed": seed,
        "validation_fraction": validation,
        "start": None if start is None else hashlib.sha256(start.data).hexdigest(),
    }
    out.mkdir(parents=True, exist_ok=True)
    with one_opencv_thread():
        tiles = cut_tiles(train_faces, mean_shape, calibration)
        trainer = Trainer(
            config,
            layout,
            mean_shape,
            Sampler(tiles, np.array(weights), mean_shape, layout.mirror, config.augment, seed),
            cut_tiles(validation_faces, mean_shape, calibration),
            out,
            seed,
            identity=recipe | {"data": {row["sha256"]: row["weight"] for row in data}},
            start=start,
        )
        trainer.resume()
        card: dict[str, Any] = {
            "name": out.resolve().name,
            "licence": licence,
            "training": recipe
            | {
                "data": data,
                "train_faces": len(train_faces),
                "validation_faces": len(validation_faces),
                "processes": trainer.processes,
                "commit": commit(),
                "versions": versions(),
            },
        }
        if trainer.rank == 0:
            (out / "run.json").write_text(json.dumps(card, indent=1), "utf-8")
        trainer.run()
        return finish(trainer, card) if trainer.rank == 0 else None


def finish(trainer: Trainer, card: dict[str, Any]) -> Model:
    """Validate, calibrate and export a run's averaged network."""
    if len(trainer.validation):
        card["metrics"] = {
            f"validation_stage{i + 1}": asdict(summarise(errors))
            for i, errors in enumerate(trainer.validate())
        }
    network = copy.deepcopy(trainer.averaged.module).eval()
    assert isinstance(network, DeepAlignmentNetwork)
    if network.config.trust:
        calibration = calibrate(network, trainer.validation, trainer.convention.eyes)
        card["trust"] = None if calibration is None else asdict(calibration)
        if calibration is not None:
            last = network.stages[-1]
            assert isinstance(last, Stage)
            calibration.apply(last)
    model = export_model(network, trainer.config, card)
    (trainer.folder / "model.dan").write_bytes(model.data)
    return model


def with_faces(config: TrainingConfig, faces: int | None) -> TrainingConfig:
    """The config with another length of schedule."""
    if faces is None:
        return config
    return replace(config, schedule=replace(config.schedule, faces=faces))
