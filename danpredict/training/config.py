"""What a training run is made of, read from the small TOML files in ``configs/``."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from danpredict.landmarks.convention import convention
from danpredict.model.network_config import NetworkConfig, new_names

CONFIGS = Path(__file__).parent / "configs"
Section = TypeVar("Section", "NetworkConfig", "AugmentConfig", "LossConfig", "ScheduleConfig")


@dataclass(frozen=True)
class AugmentConfig:
    """How training faces are varied: chances per face, sizes in units of the landmark box."""

    balance: float = 0.0  # 1 draws a face in proportion to how far its shape is from the mean
    shift: float = 0.10  # standard deviation of the start's position
    scale: float = 0.12  # of the logarithm of its size
    roll: float = 20.0  # of its rotation, degrees
    background: float = 0.1  # chance of a start that misses the face, for the confidence
    bend: float = 0.0  # chance of a changed face, by:
    turn: float = 0.12  # standard deviation of the middle's shift, in 1.3 half faces
    stretch: float = 0.06  # of the logarithm of its width and of its height
    eyes: float = 0.0  # chance of eyes that are shut or opened by a warp
    mouth: float = 0.0  # chance of a mouth that is shut or opened by a warp
    shut_eyes: float = 1.0  # how many times as often faces with nearly shut eyes are drawn
    wide_mouths: float = 1.0  # the same for wide-open mouths
    turned: float = 1.0  # the same for heads turned to a side
    light: float = 0.5  # chance of gain, offset and gamma
    shade: float = 0.3  # chance of light from one side
    blur: float = 0.2
    noise: float = 0.3
    occlusion: float = 0.3


@dataclass(frozen=True)
class LossConfig:
    """Weights of what is added to the landmarks' loss."""

    sigma: float = 0.01
    confidence: float = 0.01
    heatmap: float = 0.01  # where the network has heatmaps
    openness: float = 0.0  # of the vectors between lids and between lips; ibug68 alone


@dataclass(frozen=True)
class ScheduleConfig:
    """Optimisation: AdamW with warm-up, a cosine schedule and averaged weights."""

    faces: int = 1_000_000  # seen in the whole run
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup: float = 0.03  # fraction of the run
    averaging: float = 0.999  # decay of the averaged weights per step


@dataclass(frozen=True)
class TrainingConfig:
    """A named recipe. ``region`` is the input's side in units of the landmark box."""

    name: str
    convention: str
    region: float
    network: NetworkConfig
    augment: AugmentConfig
    loss: LossConfig
    schedule: ScheduleConfig


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
    """Load a shipped config by name (``lean``, ``slim``, ``paper``) or any ``.toml`` file by path.

    Raises
    ------
    FileNotFoundError
        Neither a shipped config nor a file.
    ValueError
        Not TOML, or keys that are missing or unknown.
    """
    path = Path(name) if name.endswith(".toml") else CONFIGS / f"{name}.toml"
    if not path.is_file():
        shipped = sorted(file.stem for file in CONFIGS.glob("*.toml"))
        raise FileNotFoundError(f"expected a config out of {shipped} or a .toml file, got {name!r}")
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
