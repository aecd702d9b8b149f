"""The convolutional levels of a stage, in torch: the paper's plain ones and thin residual ones.

Each level halves the size; ``widths`` and ``blocks`` are its channels and its number of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

BATCH_NORM_EPSILON = 1e-4  # Lasagne's default, which the reference uses


class Residual(nn.Module):
    """Basic block of He et al. 2016: two 3x3 convolutions beside a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, BATCH_NORM_EPSILON)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, BATCH_NORM_EPSILON)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False),
                nn.BatchNorm2d(channels, BATCH_NORM_EPSILON),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels_in, H, W) to (N, channels, H / stride, W / stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def conv_bn_relu(channels_in: int, channels: int, stride: int = 1) -> list[nn.Module]:
    """3x3 convolution, batch normalisation, ReLU, in the reference's order."""
    return [
        nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels, BATCH_NORM_EPSILON),
        nn.ReLU(inplace=True),
    ]


def plain_backbone(
    channels_in: int, widths: Sequence[int], blocks: Sequence[int]
) -> list[nn.Module]:
    """The paper's levels: convolutions, then a 2x2 maximum."""
    levels: list[nn.Module] = []
    for width, number in zip(widths, blocks, strict=True):
        layers: list[nn.Module] = []
        for _ in range(number):
            layers += conv_bn_relu(channels_in, width)
            channels_in = width
        levels.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
    return levels


class StemLevel(nn.Sequential):
    """The first level of a thin stage: a stride-2 stem of the image, then blocks, if any.

    What the stage remembers joins before the stem's ReLU, (N, C, S/2, S/2).
    """

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """(N, 1, S, S) to (N, C, S/2, S/2)."""
        conv, norm, *rest = self
        x = norm(conv(x))
        if memory is not None:
            x = x + memory
        for layer in rest:
            x = layer(x)
        return x


def residual_backbone(
    channels_in: int, widths: Sequence[int], blocks: Sequence[int]
) -> list[nn.Module]:
    """Levels of basic blocks that halve the size; the first has a stem, maybe alone."""
    levels: list[nn.Module] = []
    for level, (width, number) in enumerate(zip(widths, blocks, strict=True)):
        layers: list[nn.Module] = []
        if level == 0:
            layers += conv_bn_relu(channels_in, width, stride=2)
            channels_in = width
        for block in range(number):
            layers.append(Residual(channels_in, width, 2 if level > 0 and block == 0 else 1))
            channels_in = width
        levels.append(StemLevel(*layers) if level == 0 else nn.Sequential(*layers))
    return levels


BACKBONES = {"plain": plain_backbone, "residual": residual_backbone}
