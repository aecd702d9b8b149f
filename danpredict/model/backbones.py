"""The convolutional levels of a stage in torch: the paper's (plain) or thin residual ones.

Each level halves the size; a stem of stride 4 divides it by four. ``widths`` and ``blocks`` give
the channels and the number of blocks of each level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

BATCH_NORM_EPSILON = 1e-4  # Lasagne's default, which the reference uses
Norm = nn.BatchNorm1d | nn.BatchNorm2d


class Residual(nn.Module):
    """Basic block of He et al. 2016: two 3x3 convolutions beside a shortcut."""

    NORMALISED_BY: ClassVar = {"conv1": "bn1", "conv2": "bn2"}

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
    """Convolution, batch normalisation, ReLU, in the reference's order.

    The kernel is 3x3, and 7x7 at stride 4 so that it sees every pixel.
    """
    side = 7 if stride == 4 else 3
    return [
        nn.Conv2d(channels_in, channels, side, stride, side // 2, bias=False),
        nn.BatchNorm2d(channels, BATCH_NORM_EPSILON),
        nn.ReLU(inplace=True),
    ]


def plain_backbone(
    channels_in: int, widths: Sequence[int], blocks: Sequence[int], stem: int
) -> list[nn.Module]:
    """The paper's levels: 3x3 convolutions, then 2x2 max pooling. They have no stem."""
    levels: list[nn.Module] = []
    for width, number in zip(widths, blocks, strict=True):
        layers: list[nn.Module] = []
        for _ in range(number):
            layers += conv_bn_relu(channels_in, width)
            channels_in = width
        levels.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
    return levels


class StemLevel(nn.Sequential):
    """The first level of a residual backbone: a strided convolution (stem), then blocks, if any.

    ``memory`` (N, C, S/2, S/2) is added before the stem's ReLU. It holds features of the heatmap
    and of the feature image; see `danpredict.model.stage.Stage`.
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
    channels_in: int, widths: Sequence[int], blocks: Sequence[int], stem: int
) -> list[nn.Module]:
    """Levels of basic blocks. The first level has a stem of that stride, and may have no blocks."""
    levels: list[nn.Module] = []
    for level, (width, number) in enumerate(zip(widths, blocks, strict=True)):
        layers: list[nn.Module] = []
        if level == 0:
            layers += conv_bn_relu(channels_in, width, stem)
            channels_in = width
        for block in range(number):
            layers.append(Residual(channels_in, width, 2 if level > 0 and block == 0 else 1))
            channels_in = width
        levels.append(StemLevel(*layers) if level == 0 else nn.Sequential(*layers))
    return levels


BACKBONES = {"plain": plain_backbone, "residual": residual_backbone}


def normalisations(network: nn.Module) -> dict[str, Norm]:
    """The batch normalisation that follows each layer, by the layer's name in the network.

    Export folds these normalisations into the layers' kernels. In an `nn.Sequential`, the
    normalisation of a layer is the next child. Other modules list their layers and normalisations
    in ``NORMALISED_BY``.
    """
    found: dict[str, Norm] = {}
    for path, module in network.named_modules():
        children = dict(module.named_children())
        pairs: dict[str, str] = getattr(module, "NORMALISED_BY", {})
        if isinstance(module, nn.Sequential):
            pairs = dict(zip(children, list(children)[1:], strict=False))
        for layer, follower in pairs.items():
            norm = children[follower]
            if isinstance(children[layer], nn.Conv2d | nn.Linear) and isinstance(norm, Norm):
                found[f"{path}.{layer}".removeprefix(".")] = norm
    return found
