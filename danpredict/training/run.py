"""One training run from data sets to a model file, with all that is needed to repeat it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from danpredict.boxes.calibration import BoxCalibration, box_calibration
from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.metrics import summarise
from danpredict.files.outputs import write_bytes, write_text
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.convention import convention as named_convention
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.stage import Stage
from danpredict.training.config import TrainingConfig
from danpredict.training.export import export_model
from danpredict.training.provenance import commit, fingerprint, versions
from danpredict.training.sampler import Sampler
from danpredict.training.tiles import canonical_mean_shape, cut_tiles
from danpredict.training.trainer import Trainer
from danpredict.training.uncertainty import calibrate

BOX_SOURCE = "dlib-hog"  # what models of known conventions expect
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


@dataclass
class TrainingData:
    """Faces to train and to validate on, ready to be cut.

    ``weights`` are in proportion to the training faces' chances to be drawn; ``record`` says where
    all of it comes from.
    """

    train: list[LabelledFace] = field(default_factory=list)
    validation: list[LabelledFace] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    record: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, name: str, faces: Sequence[LabelledFace], validation: float, weight: float = 1.0
    ) -> None:
        """Add a data set, a fraction of whose photos is for validation."""
        split = split_faces(faces, validation)
        self.train += split.train
        self.validation += split.validation
        self.weights += [weight] * len(split.train)
        self.record.append(
            {
                "name": name,
                "faces": len(faces),
                "train_faces": len(split.train),
                "weight": weight,
                "sha256": fingerprint(faces),
            }
        )


@dataclass(frozen=True)
class Setting:
    """What a run is about besides faces and config: the landmarks and the rectangles."""

    convention: Convention
    calibration: BoxCalibration
    box_source: str


def read_sources(
    sources: Sequence[DataSource], size: int, rectangles: Path | None, validation: float
) -> TrainingData:
    """Read data sets of ``size`` landmarks; see `train`."""
    paths = [source.path.resolve() for source in sources]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice:
        raise ValueError(f"expected every data set once, got {twice.pop()} twice")
    data = TrainingData()
    for source in sources:
        faces = read_dataset(source.path, size, None if source.extra else rectangles)
        name = "/".join(source.path.resolve().parts[-2:])
        data.add(name, faces, 0.0 if source.extra else validation, source.weight)
    return data


def train(
    sources: Sequence[DataSource],
    out: Path,
    config: TrainingConfig,
    *,
    rectangles: Path | None = None,
    validation: float = 0.1,
    seed: int = 0,
    licence: str = LICENCE_UNKNOWN,
    initial_model: Model | None = None,
) -> Model | None:
    """Train, or go on with the run in ``out``, on data sets of a known convention.

    Writes ``model.dan``, ``run.json`` (all that is needed to repeat it), ``log.csv`` and
    ``curves.png``. Where torch.distributed is set up, the processes share the work.

    Parameters
    ----------
    sources : data sets
        A fraction of the photos of all that are not ``extra`` is kept for validation.
    rectangles : Path, optional
        Detector rectangles (see `danpredict.datasets.dataset.read_folder`) for validation to start from.
    initial_model : Model, optional
        Begin with its weights instead of chance.

    Returns
    -------
    Model, or None in every process but the first.

    Raises
    ------
    FileNotFoundError, ValueError
        A data set is missing or damaged, or nothing is left to train on.
    """
    convention = named_convention(config.convention)
    data = read_sources(sources, convention.size, rectangles, validation)
    setting = Setting(convention, box_calibration(BOX_SOURCE), BOX_SOURCE)
    recipe = {"seed": seed, "validation_fraction": validation}
    return train_on(
        data, setting, out, config, recipe, licence=licence, initial_model=initial_model
    )


def train_on(
    data: TrainingData,
    setting: Setting,
    out: Path,
    config: TrainingConfig,
    recipe: dict[str, Any],
    *,
    licence: str = LICENCE_UNKNOWN,
    initial_model: Model | None = None,
    progress: bool = True,
) -> Model | None:
    """Train on faces that have been read; see `train`. ``recipe`` has the seed at least."""
    if not data.train:
        raise ValueError("expected faces to train on, got none: all fell into validation")
    convention, seed = setting.convention, recipe["seed"]
    if initial_model is not None and initial_model.convention == convention:
        mean_shape = initial_model.mean_shape  # what its weights move landmarks from
    else:
        size = config.network.input_size
        mean_shape = canonical_mean_shape(data.train, convention.mirror, size, config.region)
    start_hash = None if initial_model is None else hashlib.sha256(initial_model.data).hexdigest()
    recipe = {"config": asdict(config), **recipe, "start": start_hash}
    out.mkdir(parents=True, exist_ok=True)
    with one_opencv_thread():
        tiles = cut_tiles(data.train, mean_shape, setting.calibration)
        trainer = Trainer(
            config,
            convention,
            mean_shape,
            Sampler(tiles, np.array(data.weights), mean_shape, convention, config.augment, seed),
            cut_tiles(data.validation, mean_shape, setting.calibration),
            out,
            seed,
            identity=recipe | {"data": {row["sha256"]: row["weight"] for row in data.record}},
            initial_model=initial_model,
        )
        trainer.resume()
        card: dict[str, Any] = {
            "name": out.resolve().name,
            "licence": licence,
            "training": recipe
            | {
                "data": data.record,
                "train_faces": len(data.train),
                "validation_faces": len(data.validation),
                "processes": trainer.processes,
                "commit": commit(),
                "versions": versions(),
            },
        }
        if trainer.rank == 0:
            write_text(out / "run.json", json.dumps(card, indent=1))
        trainer.run(progress=progress)
        return finish(trainer, setting, card) if trainer.rank == 0 else None


def finish(trainer: Trainer, setting: Setting, card: dict[str, Any]) -> Model:
    """Validate, calibrate and export a run's averaged network."""
    if len(trainer.validation):
        card["metrics"] = {
            f"validation_stage{i + 1}": asdict(summarise(errors))
            for i, errors in enumerate(trainer.validate())
        }
    network = copy.deepcopy(trainer.averaged.module).eval()
    assert isinstance(network, DeepAlignmentNetwork)
    if network.config.uncertainty:
        calibration = calibrate(
            network, trainer.validation, setting.convention, trainer.config.augment
        )
        card["uncertainty"] = None if calibration is None else asdict(calibration)
        if calibration is not None:
            last = network.stages[-1]
            assert isinstance(last, Stage)
            calibration.apply(last)
    card |= {
        "convention": setting.convention.name,
        "layout": setting.convention.write(),
        "box": {"source": setting.box_source, **asdict(setting.calibration)},
    }
    model = export_model(network, trainer.config.region, card)
    write_bytes(trainer.folder / "model.dan", model.data)
    return model


def with_faces(config: TrainingConfig, faces: int | None) -> TrainingConfig:
    """The config with another length of schedule."""
    if faces is None:
        return config
    return replace(config, schedule=replace(config.schedule, faces=faces))
