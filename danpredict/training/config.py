"""Training configs, read from the TOML files in ``configs/``."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from danpredict.landmarks.convention import convention
from danpredict.model.network_config import NetworkConfig, new_names

CONFIGS = Path(__file__).parent / "configs"
Section = TypeVar("Section", "NetworkConfig", "AugmentConfig", "LossConfig", "ScheduleConfig")


@dataclass(frozen=True)
class AugmentConfig:
    """How training faces are varied.

    ``background``, ``bend``, ``eyes``, ``mouth``, ``light``, ``shade``, ``blur``, ``noise`` and
    ``occlusion`` are probabilities per face.
    """

    balance: float = 0.0  # at 1, faces are drawn in proportion to their distance from the mean
    shift: float = 0.10  # std of the initial transform's shift, in sides of the landmark box
    scale: float = 0.12  # std of the logarithm of the initial transform's scale
    roll: float = 20.0  # std of the initial transform's rotation, degrees
    background: float = 0.1  # an initial transform that misses the face, to train the confidence
    bend: float = 0.0  # a warp that shifts the face's middle (`turn`) and stretches the face
    turn: float = 0.12  # std of the middle's shift; unit: 0.65 of the landmark box's side
    stretch: float = 0.06  # std of the logarithm of the face's width, and of its height
    eyes: float = 0.0  # a warp that shuts or opens the eyes
    mouth: float = 0.0  # a warp that shuts or opens the mouth
    shut_eyes: float = 1.0  # factor by which faces with nearly shut eyes are drawn more often
    wide_mouths: float = 1.0  # the same factor for wide-open mouths
    turned: float = 1.0  # the same factor for heads turned to a side
    light: float = 0.5  # other contrast, brightness and gamma
    shade: float = 0.3  # light from one side
    blur: float = 0.2
    noise: float = 0.3
    occlusion: float = 0.3


@dataclass(frozen=True)
class LossConfig:
    """Weights of the losses that are added to the landmark loss."""

    sigma: float = 0.01
    confidence: float = 0.01
    heatmap: float = 0.01  # used if the network has heatmaps
    openness: float = 0.0  # error of the vectors between lids and between lips; only ibug68


@dataclass(frozen=True)
class ScheduleConfig:
    """Optimisation: AdamW with warm-up, a cosine schedule and averaged weights."""

    faces: int = 1_000_000  # training faces in the whole run, repetitions included
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup: float = 0.03  # fraction of the run
    averaging: float = 0.999  # decay per step of the averaged weights


@dataclass(frozen=True)
class TrainingConfig:
    """A training config. ``region`` is the side of the canonical frame in landmark boxes."""

    name: str
    convention: str
    region: float
    network: NetworkConfig
    augment: AugmentConfig
    loss: LossConfig
    schedule: ScheduleConfig


def without_openness(config: TrainingConfig) -> TrainingConfig:
    """The config for conventions whose lids and lips are not known."""
    return replace(
        config,
        augment=replace(
            config.augment, eyes=0.0, mouth=0.0, shut_eyes=1.0, wide_mouths=1.0, turned=1.0
        ),
        loss=replace(config.loss, openness=0.0),
    )


def _section(kind: type[Section], table: dict[str, Any], where: str) -> Section:
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"expected the keys {sorted(known)} in {where}, got {unknown}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    for name, value in values.items():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
            raise ValueError(f"expected finite numbers in {where}, got {name} = {value}")
    return kind(**values)


def load_config(name: str) -> TrainingConfig:
    """Load a shipped config by name, such as ``lean`` or ``slim``, or a ``.toml`` file.

    Raises
    ------
    FileNotFoundError
        Neither a shipped config nor a file.
    ValueError
        Not TOML, keys that are missing or unknown, or impossible values.
    """
    path = Path(name) if name.endswith(".toml") else CONFIGS / f"{name}.toml"
    if not path.is_file():
        shipped = sorted(file.stem for file in CONFIGS.glob("*.toml"))
        raise FileNotFoundError(
            f"expected one of the configs {shipped} or a .toml file, got {name!r}"
        )
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        config = TrainingConfig(
            name=path.stem,
            convention=table["convention"],
            region=float(table["region"]),
            network=_section(NetworkConfig, new_names(table["network"]), f"[network] of {path}"),
            augment=_section(AugmentConfig, table.get("augment", {}), f"[augment] of {path}"),
            loss=_section(LossConfig, table.get("loss", {}), f"[loss] of {path}"),
            schedule=_section(ScheduleConfig, table["schedule"], f"[schedule] of {path}"),
        )
        size = convention(config.convention).size
    except KeyError as error:
        raise ValueError(f"expected the key {error} in {path}") from error
    except (TypeError, ValueError) as error:  # TOML's own error is a ValueError
        raise ValueError(f"expected a training config, got {path}: {error}") from error
    if config.network.landmarks != size or not 0 < config.region < math.inf:
        raise ValueError(
            f"expected a positive region and {size} landmarks ({config.convention}), "
            f"got {config.region} and {config.network.landmarks} in {path}"
        )
    return config
