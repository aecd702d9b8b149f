"""One training run from data sets to a model file, with all that is needed to repeat it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from danpredict.boxes import box_calibration
from danpredict.conventions import convention
from danpredict.datasets import LabelledFace, read_dataset, require_landmarks
from danpredict.evaluation import summarise
from danpredict.geometry import FloatArray
from danpredict.model_file import Model
from danpredict.network import DeepAlignmentNetwork
from danpredict.training.config import TrainingConfig
from danpredict.training.export import BOX_SOURCE, export_model
from danpredict.training.faces import canonical_mean_shape, cut_tiles
from danpredict.training.trainer import Trainer
from danpredict.version import __version__

LICENCE_UNKNOWN = "the terms of the training data apply"


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


def fingerprint(faces: Sequence[LabelledFace]) -> str:
    """SHA-256 over the pictures and landmarks of a data set, in order."""
    digest = hashlib.sha256()
    for face in faces:
        digest.update(face.path.read_bytes())
        digest.update(np.ascontiguousarray(face.landmarks, np.float64).tobytes())
    return digest.hexdigest()


def drawing_weights(main: int, total: int, extra_share: float) -> FloatArray:
    """Chance of each face to be drawn: ``main`` faces first, the rest share ``extra_share``."""
    if main in (0, total):
        return np.full(total, 1 / total)
    extra = total - main
    return np.repeat([(1 - extra_share) / main, extra_share / extra], [main, extra])


def train(
    datasets: Sequence[Path],
    out: Path,
    config: TrainingConfig,
    *,
    extra: Sequence[Path] = (),
    rectangles: Path | None = None,
    validation: float = 0.1,
    seed: int = 0,
    licence: str = LICENCE_UNKNOWN,
) -> Model:
    """Train, or go on with the run in ``out``; writes ``model.dan``, ``run.json`` and ``log.csv``.

    Parameters
    ----------
    datasets : paths
        300-W folders or CSV tables; a fraction of their photos is kept for validation.
    extra : paths
        Further data sets for training only, say with machine-made landmarks.
    rectangles : Path, optional
        Detector rectangles (see `danpredict.datasets.read_folder`) for validation to start from.

    Raises
    ------
    FileNotFoundError, ValueError
        A data set is missing or damaged, or nothing is left to train on.
    """
    out.mkdir(parents=True, exist_ok=True)
    layout = convention(config.convention)
    both = {path.resolve() for path in datasets} & {path.resolve() for path in extra}
    if both:
        raise ValueError(f"expected data for training only, also given as a data set: {both.pop()}")
    sources = {path: read_dataset(path, rectangles) for path in datasets}
    split = split_faces([face for faces in sources.values() for face in faces], validation)
    more = {path: read_dataset(path) for path in extra}
    faces = split.train + [face for faces in more.values() for face in faces]
    if not faces:
        raise ValueError("expected faces to train on, got none: all fell into validation")
    require_landmarks(faces + split.validation, layout.size)
    mean_shape = canonical_mean_shape(
        split.train or faces, layout.mirror, config.network.input_size, config.region
    )
    calibration = box_calibration(BOX_SOURCE)
    data = [
        {"name": "/".join(path.resolve().parts[-2:]), "faces": len(f), "sha256": fingerprint(f)}
        for path, f in (sources | more).items()
    ]
    recipe: dict[str, Any] = {
        "config": asdict(config),
        "seed": seed,
        "validation_fraction": validation,
    }
    card: dict[str, Any] = {
        "name": out.resolve().name,
        "danpredict": __version__,
        "licence": licence,
        "training": recipe
        | {
            "data": data,
            "train_faces": len(faces),
            "validation_faces": len(split.validation),
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": np.__version__,
            },
        },
    }
    trainer = Trainer(
        config,
        layout,
        mean_shape,
        cut_tiles(faces, mean_shape, calibration),
        drawing_weights(len(split.train), len(faces), config.schedule.extra_share),
        cut_tiles(split.validation, mean_shape, calibration),
        out,
        seed,
        identity=recipe | {"data": [row["sha256"] for row in data]},
    )
    trainer.resume()
    (out / "run.json").write_text(json.dumps(card, indent=1), "utf-8")
    trainer.run()
    if len(trainer.validation):
        card["metrics"] = {
            f"validation_stage{i + 1}": asdict(summarise(errors))
            for i, errors in enumerate(trainer.validate())
        }
    network = trainer.averaged.module
    assert isinstance(network, DeepAlignmentNetwork)
    model = export_model(network, config, card)
    (out / "model.dan").write_bytes(model.data)
    return model


def with_faces(config: TrainingConfig, faces: int | None) -> TrainingConfig:
    """The config with another length of schedule."""
    if faces is None:
        return config
    return replace(config, schedule=replace(config.schedule, faces=faces))
