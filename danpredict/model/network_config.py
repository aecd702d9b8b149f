"""What decides the shape of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from danpredict.model.backbones import BACKBONES

NAMES_IN_0_2_0 = {"trust": "uncertainty"}


def new_names(table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a network by their present names."""
    return {NAMES_IN_0_2_0.get(key, key): value for key, value in table.items()}


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the network's shape; ``widths`` and ``blocks`` are per level.

    ``first_blocks`` are the first stage's, where it has others than the rest. ``feature_size`` is
    the side of the feature image, by default half of the input's; it is enlarged to where a stage
    takes it in.
    ``uncertainty`` adds an expected error per landmark and a confidence to the last stage; ``heatmaps``
    a map of every landmark to every stage, for training alone.
    """

    stages: int = 2
    landmarks: int = 68
    input_size: int = 112
    backbone: str = "residual"
    widths: tuple[int, ...] = (16, 32, 64, 128)
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    hidden: int = 256
    dropout: float = 0.5
    uncertainty: bool = True
    heatmaps: bool = False
    first_blocks: tuple[int, ...] | None = None
    feature_size: int | None = None

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> NetworkConfig:
        """From ``model.json`` or a config's ``[network]``; knows the names that 0.2.0 wrote.

        Raises
        ------
        TypeError
            An unknown name.
        ValueError
            A network that cannot be built.
        """
        options: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in new_names(table).items()
        }
        return cls(**options)

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise ValueError(f"expected a backbone out of {list(BACKBONES)}, got {self.backbone!r}")
        if not self.widths or self.input_size % 2 ** len(self.widths):
            raise ValueError(
                f"expected an input size that {len(self.widths)} levels can halve, "
                f"got {self.input_size}"
            )
        if self.feature_side < 1 or self.input_size // 2 % self.feature_side:
            raise ValueError(
                f"expected a feature size that divides {self.input_size // 2}, "
                f"got {self.feature_side}"
            )
        for blocks in (self.blocks_of(first=True), self.blocks):
            if len(blocks) != len(self.widths):
                raise ValueError(
                    f"expected a number of blocks for each of {len(self.widths)} levels, "
                    f"got {blocks}"
                )
            if blocks[0] < (self.backbone == "plain"):  # the residual one has a stem
                raise ValueError(f"expected blocks in the first level, got {blocks}")
            if min(self.stages, self.landmarks, *blocks[1:], self.hidden, *self.widths) < 1:
                raise ValueError(f"expected at least one of everything, got {self}")

    @property
    def feature_side(self) -> int:
        """Side of the feature image."""
        return self.input_size // 2 if self.feature_size is None else self.feature_size

    def blocks_of(self, *, first: bool) -> tuple[int, ...]:
        """Blocks per level of the first stage or of another."""
        return self.first_blocks if first and self.first_blocks is not None else self.blocks
