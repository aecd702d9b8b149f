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
    first_widths : tuple of int, optional
        Channels of the first stage, if they differ from ``widths``.
    first_stem : int
        Stride of the first stage's stem: 2, or 4 in a residual backbone. With 4 the stage has one
        level less than the others, and ``first_widths`` and ``first_blocks`` must be given.
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
    first_widths: tuple[int, ...] | None = None
    first_stem: int = 2
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
        if self.first_stem != 2 and (self.first_stem, self.backbone) != (4, "residual"):
            raise ValueError(
                "expected a first_stem of 2, or of 4 in a residual backbone, got "
                f"{self.first_stem} in a {self.backbone} one"
            )
        first_levels = len(self.widths) - (self.first_stem == 4)
        for first, levels in ((True, first_levels), (False, len(self.widths))):
            blocks, widths = self.blocks_of(first=first), self.widths_of(first=first)
            if len(widths) != levels:
                raise ValueError(f"expected the widths of {levels} levels, got {widths}")
            if len(blocks) != levels:
                raise ValueError(
                    f"expected the number of blocks for each of {levels} levels, got {blocks}"
                )
            if blocks[0] < (self.backbone == "plain"):  # a residual level may be a stem alone
                raise ValueError(f"expected at least one block in the first level, got {blocks}")
            if min(self.stages, self.landmarks, *blocks[1:], self.hidden, *widths) < 1:
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

    def widths_of(self, *, first: bool) -> tuple[int, ...]:
        """Channels per level, of the first stage or of the others."""
        return self.first_widths if first and self.first_widths is not None else self.widths

    def stem_of(self, *, first: bool) -> int:
        """Stride of the stem, of the first stage or of the others."""
        return self.first_stem if first else 2
