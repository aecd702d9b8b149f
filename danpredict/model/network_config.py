"""The sizes and options from which a network is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from danpredict.model.backbones import BACKBONES

NAMES_IN_0_2_0 = {"trust": "uncertainty"}


def new_names(table: Mapping[str, Any]) -> dict[str, Any]:
    """A network's options under their present names."""
    return {NAMES_IN_0_2_0.get(key, key): value for key, value in table.items()}


@dataclass(frozen=True)
class NetworkConfig:
    """The sizes and options from which a network is built.

    Attributes
    ----------
    stages, landmarks : int
    input_size : int
        Side of the canonical frame, pixels.
    backbone : str
        ``"plain"`` or ``"residual"``; see `danpredict.model.backbones`.
    widths, blocks : tuple of int
        Channels, and number of blocks, of each level.
    hidden : int
        Size of fc1, the layer whose activations a stage passes to the next stage.
    dropout : float
        Probability, before fc1.
    uncertainty : bool
        The last stage also gives an expected error per landmark and a confidence.
    heatmaps : bool
        In training every stage also gives a heatmap of every landmark.
    first_blocks : tuple of int, optional
        Blocks of the first stage, if they differ from ``blocks``.
    feature_size : int, optional
        Side of the feature image, pixels; half of ``input_size`` by default. The stage enlarges it
        to the size of the layer that reads it.
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
        """Read ``network`` of ``model.json``, also with the names that 0.2.0 wrote.

        Raises
        ------
        TypeError
            An unknown name.
        ValueError
            No network can be built with these values.
        """
        options: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in new_names(table).items()
        }
        return cls(**options)

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise ValueError(
                f"expected one of the backbones {list(BACKBONES)}, got {self.backbone!r}"
            )
        if not self.widths or self.input_size % 2 ** len(self.widths):
            raise ValueError(
                f"expected an input size that {len(self.widths)} levels can halve "
                f"(a multiple of {2 ** len(self.widths)}), got {self.input_size}"
            )
        if self.feature_side < 1 or self.input_size // 2 % self.feature_side:
            raise ValueError(
                f"expected a feature size that divides {self.input_size // 2}, "
                f"got {self.feature_side}"
            )
        for blocks in (self.blocks_of(first=True), self.blocks):
            if len(blocks) != len(self.widths):
                raise ValueError(
                    f"expected the number of blocks for each of {len(self.widths)} levels, "
                    f"got {blocks}"
                )
            if blocks[0] < (self.backbone == "plain"):  # a residual level may be a stem alone
                raise ValueError(f"expected at least one block in the first level, got {blocks}")
            if min(self.stages, self.landmarks, *blocks[1:], self.hidden, *self.widths) < 1:
                raise ValueError(
                    "expected at least 1 for stages, landmarks, hidden, widths and the blocks of "
                    f"all levels after the first, got {self}"
                )

    @property
    def feature_side(self) -> int:
        """Side of the feature image."""
        return self.input_size // 2 if self.feature_size is None else self.feature_size

    def blocks_of(self, *, first: bool) -> tuple[int, ...]:
        """Number of blocks per level, of the first stage or of the others."""
        return self.first_blocks if first and self.first_blocks is not None else self.blocks
