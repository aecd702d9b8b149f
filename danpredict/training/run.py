"""One training run, from data sets to a model file and its provenance."""

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

from danpredict.boxes.calibration import BoxCalibration, box_calibration
from danpredict.evaluation.metrics import summarise
from danpredict.files.outputs import write_bytes, write_text
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.convention import convention as named_convention
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.stage import Stage
from danpredict.training.config import TrainingConfig
from danpredict.training.data import DataSource, TrainingData, read_sources
from danpredict.training.export import export_model
from danpredict.training.provenance import commit, versions
from danpredict.training.sampler import Sampler
from danpredict.training.tiles import canonical_mean_shape, cut_tiles
from danpredict.training.trainer import Trainer
from danpredict.training.uncertainty import calibrate

BOX_SOURCE = "dlib-hog"  # models of shipped conventions expect the boxes of this detector
LICENCE_UNKNOWN = "the terms of the training data apply"


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Run OpenCV on one thread. Its thread pool competes with torch's: steps take 1.15x as long."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


@dataclass(frozen=True)
class LandmarkSetup:
    """The landmarks that a model finds, and the boxes that it expects.

    Attributes
    ----------
    convention : Convention
        Of the landmarks.
    calibration : BoxCalibration
        Where the landmarks lie in the boxes.
    box_source : str
        Name of the detector that makes the boxes.
    """

    convention: Convention
    calibration: BoxCalibration
    box_source: str


def train(
    sources: Sequence[DataSource],
    out: Path,
    config: TrainingConfig,
    *,
    rectangles: Path | None = None,
    boxes: BoxCalibration | None = None,
    validation: float = 0.1,
    seed: int = 0,
    licence: str = LICENCE_UNKNOWN,
    initial_model: Model | None = None,
) -> Model | None:
    """Train on data sets of a shipped convention, or resume the run in ``out``.

    Writes ``model.dan``, ``run.json`` (all that is needed to repeat the run), ``log.csv`` and
    ``curves.png``. Under torch.distributed the processes share the work.

    Parameters
    ----------
    sources : data sets
        Those that are not ``extra`` keep a fraction of their photos for validation.
    out : Path
        Folder of the run.
    config : TrainingConfig
    rectangles : Path, optional
        JSON file of detector boxes; see `danpredict.datasets.dataset.read_folder`. They give the
        initial transforms of the validation faces.
    boxes : BoxCalibration, optional
        Where the landmarks lie in the boxes of dlib's HOG detector; by default the shipped one.
    validation : float
        Fraction of the photos kept for validation.
    seed : int
    licence : str
        Of the model.
    initial_model : Model, optional
        Model with the initial weights; random by default.

    Returns
    -------
    Model; None in all processes but the first.

    Raises
    ------
    FileNotFoundError, ValueError
        A data set is missing or damaged, or there are no faces to train on.
    """
    convention = named_convention(config.convention)
    data = read_sources(sources, convention.size, rectangles, validation)
    setup = LandmarkSetup(convention, boxes or box_calibration(BOX_SOURCE), BOX_SOURCE)
    recipe = {"seed": seed, "validation_fraction": validation}
    return train_on(data, setup, out, config, recipe, licence=licence, initial_model=initial_model)


def train_on(
    data: TrainingData,
    setup: LandmarkSetup,
    out: Path,
    config: TrainingConfig,
    recipe: dict[str, Any],
    *,
    licence: str = LICENCE_UNKNOWN,
    initial_model: Model | None = None,
    progress: bool = True,
) -> Model | None:
    """Train on faces that have been read; see `train`. ``recipe`` needs at least the seed."""
    if not data.train:
        raise ValueError(
            "expected faces to train on, got none: all photos were kept for validation. "
            "Use a smaller fraction."
        )
    convention, seed = setup.convention, recipe["seed"]
    if initial_model is not None and initial_model.convention == convention:
        mean_shape = initial_model.mean_shape  # its weights predict offsets from this shape
    else:
        size = config.network.input_size
        mean_shape = canonical_mean_shape(data.train, convention.mirror, size, config.region)
    initial = None if initial_model is None else hashlib.sha256(initial_model.data).hexdigest()
    recipe = {"config": asdict(config), **recipe, "initial_weights": initial}
    out.mkdir(parents=True, exist_ok=True)
    with one_opencv_thread():
        tiles = cut_tiles(data.train, mean_shape, setup.calibration)
        trainer = Trainer(
            config,
            convention,
            mean_shape,
            Sampler(tiles, np.array(data.weights), mean_shape, convention, config.augment, seed),
            cut_tiles(data.validation, mean_shape, setup.calibration),
            out,
            seed,
            identity=recipe | {"data": data.hashes()},
            initial_model=initial_model,
        )
        trainer.resume()
        training = recipe | {
            "data": data.provenance,
            "train_faces": len(data.train),
            "validation_faces": len(data.validation),
            "processes": trainer.processes,
            "commit": commit(),
            "versions": versions(),
        }
        card = {"name": out.resolve().name, "licence": licence, "training": training}
        if trainer.rank == 0:
            write_text(out / "run.json", json.dumps(card, indent=1))
        trainer.run(progress=progress)
        return finish(trainer, setup, card) if trainer.rank == 0 else None


def finish(trainer: Trainer, setup: LandmarkSetup, card: dict[str, Any]) -> Model:
    """Validate, calibrate and export the network with the averaged weights of a run."""
    if len(trainer.validation):
        card["metrics"] = {
            f"validation_stage{i + 1}": asdict(summarise(errors))
            for i, errors in enumerate(trainer.validate())
        }
    network = copy.deepcopy(trainer.averaged.module).eval()
    assert isinstance(network, DeepAlignmentNetwork)
    if network.config.uncertainty:
        faces = trainer.validation.faces
        calibration = calibrate(network, faces, setup.convention, trainer.config.augment)
        card["uncertainty"] = None if calibration is None else asdict(calibration)
        if calibration is not None:
            last = network.stages[-1]
            assert isinstance(last, Stage)
            calibration.apply(last)
    card |= {
        "convention": setup.convention.name,
        "layout": setup.convention.write(),
        "box": {"source": setup.box_source, **asdict(setup.calibration)},
    }
    model = export_model(network, trainer.config.region, card)
    write_bytes(trainer.folder / "model.dan", model.data)
    return model


def with_faces(config: TrainingConfig, faces: int | None) -> TrainingConfig:
    """The config with another number of training faces; unchanged for None."""
    if faces is None:
        return config
    return replace(config, schedule=replace(config.schedule, faces=faces))
