"""The Deep Alignment Network: its stages and the connections between them, in torch. No I/O.

Sources
-------
Kowalski, Naruniec, Trzcinski, "Deep Alignment Network: A convolutional neural network for robust
face alignment", CVPR Workshops 2017 (arXiv 1706.01789), and the authors' reference implementation
github.com/MarekKowalski/DeepAlignmentNetwork.

Departures from the reference, on purpose
-----------------------------------------
* Every stage samples the source image through its own similarity transform: one interpolation,
  no 112-pixel crop of a crop.
* All stages are trained together with a loss on each. The gradient passes from stage to stage
  through the feature image only: landmarks, transforms, warped images and heatmaps are detached.
* Backbones are either the paper's (``plain``) or thin residual ones with a stride-2 stem
  (``residual``).
* The thin backbones take in heatmap and feature image behind their stem, on 56 x 56 pixels: on
  112 x 112 drawing and reading them took a third of the second stage's time.
* Batch normalisation of every stage's input instead of a mean and a deviation image; layers start
  as torch starts them, not by Glorot's rule.

Frames: *source* is the image that is sampled (pixels), *canonical* the ``input_size`` square in
which the mean shape is upright and centred. Points are (x, y); the centre of the top-left pixel
is (0, 0). A transform is a (2, 3) matrix that takes source points to canonical points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from danpredict.backbones import BACKBONES, BATCH_NORM_EPSILON
from danpredict.torch_geometry import (
    fit_similarity,
    invert_similarity,
    transform_points,
    warp,
)

HEATMAP_HALF_SIZE = 8  # pixels; patch_size 16 in the reference's LandmarkImageLayer
HEATMAP_EPSILON = 1e-6  # under the root, as in the reference: keeps it smooth at the landmark
# Gray levels, 0 to 255, over the canonical frames of 2012 faces of 300-W's training half.
GRAY_MEAN, GRAY_STD = 105.0, 65.0
LOG_SIGMA_LIMIT = 4.0  # exp(4) is half the canonical frame: more is no better informed


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the network's shape; ``widths`` and ``blocks`` are per level.

    ``first_blocks`` are the first stage's, where it has others than the rest. ``feature_size`` is
    the side of the feature image, by default half of the input's; it is enlarged to where a stage
    takes it in.
    ``trust`` adds an expected error per landmark and a confidence to the last stage; ``heatmaps``
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
    trust: bool = True
    heatmaps: bool = False
    first_blocks: tuple[int, ...] | None = None
    feature_size: int | None = None

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


def landmark_heatmap(landmarks: Tensor, size: int, step: int = 1) -> Tensor:
    """Draw ``1 / (1 + distance)`` around each landmark, the maximum where patches overlap.

    As the reference's LandmarkImageLayer: a square of 17 x 17 pixels about the truncated
    landmark, distances from the sub-pixel one, centres clipped so that patches stay inside.

    Parameters
    ----------
    landmarks : (N, L, 2) float
        Canonical pixels.
    size : int
        Side of the canonical frame.
    step : int
        Draw every ``step``-th row and column alone, from the first on.

    Returns
    -------
    (N, 1, size / step, size / step) float in [0, 1]
    """
    half, size = HEATMAP_HALF_SIZE // step, size // step
    number = landmarks.shape[0]  # len() would fix it in an exported graph
    landmarks = (landmarks / step).clamp(half, size - 1 - half)
    centre = landmarks.to(torch.int64)
    fraction = (landmarks - centre)[..., None]  # (N, L, 2, 1)
    # All of the patch's pixels in one row: ONNX Runtime is slow where the last axis is short.
    side = torch.arange(-half, half + 1, device=landmarks.device)
    y, x = (axis.reshape(-1) for axis in torch.meshgrid(side, side, indexing="ij"))
    across, down = (x - fraction[:, :, 0]) * step, (y - fraction[:, :, 1]) * step
    squared = across * across + down * down  # (N, L, pixels); ** 2 is slower in ONNX Runtime
    index = (centre[..., 1] * size + centre[..., 0])[..., None] + (y * size + x)
    nearest = torch.full(
        (number, size * size), torch.inf, dtype=landmarks.dtype, device=landmarks.device
    )
    nearest = nearest.scatter_reduce(1, index.flatten(1), squared.flatten(1), "amin")
    heatmap = 1 / (1 + torch.sqrt(nearest + HEATMAP_EPSILON))
    return heatmap.reshape(-1, 1, size, size)


class StageOutput(NamedTuple):
    """What a stage says.

    Attributes
    ----------
    offsets : (N, L, 2) float32, canonical pixels
    hidden : (N, H) float
        fc1, handed on to the next stage's feature image.
    log_sigma : (N, L) float32 or None
        Logarithm of the expected error of each landmark, canonical pixels; last stage only.
    logit : (N,) float32 or None
        Of the probability that the face is found well; last stage only.
    heatmaps : (N, L, S/8, S/8) float or None
        Unnormalised log-probabilities of where each landmark is; in training only.
    """

    offsets: Tensor
    hidden: Tensor
    log_sigma: Tensor | None = None
    logit: Tensor | None = None
    heatmaps: Tensor | None = None


class Stage(nn.Module):
    """One feed-forward network that moves the landmarks; from the second stage on with a memory."""

    def __init__(self, config: NetworkConfig, *, first: bool, last: bool) -> None:
        super().__init__()
        self.size = config.input_size
        self.landmarks = config.landmarks
        self.first = first
        channels = 1
        self.memory: nn.Module | None = None
        if not first:
            self.side = config.feature_side
            self.feature_layer = nn.Linear(config.hidden, self.side**2)
            if config.backbone == "plain":
                channels = 3
                self.enlarge = self.size // self.side
            else:
                self.enlarge = self.size // 2 // self.side
                self.memory = nn.Sequential(
                    nn.BatchNorm2d(2, BATCH_NORM_EPSILON),
                    nn.Conv2d(2, config.widths[0], 3, 1, 1, bias=False),
                    nn.BatchNorm2d(config.widths[0], BATCH_NORM_EPSILON),
                )
        self.input_norm = nn.BatchNorm2d(channels, BATCH_NORM_EPSILON)
        assert self.input_norm.running_mean is not None
        assert self.input_norm.running_var is not None
        self.input_norm.running_mean[0], self.input_norm.running_var[0] = GRAY_MEAN, GRAY_STD**2
        self.levels = nn.ModuleList(
            BACKBONES[config.backbone](channels, config.widths, config.blocks_of(first=first))
        )
        side = self.size // 2 ** len(config.widths)  # every level halves the size
        self.dropout = nn.Dropout(config.dropout)
        self.fc1 = nn.Linear(config.widths[-1] * side * side, config.hidden, bias=False)
        self.fc1_norm = nn.BatchNorm1d(config.hidden, BATCH_NORM_EPSILON)
        self.output = nn.Linear(config.hidden, 2 * config.landmarks)
        self.trust = None
        if config.trust and last:
            self.trust = nn.Linear(config.hidden, config.landmarks + 1)
        self.heatmaps = (
            nn.Conv2d(config.widths[-2], config.landmarks, 1) if config.heatmaps else None
        )

    def forward(
        self, image: Tensor, landmarks: Tensor | None = None, hidden: Tensor | None = None
    ) -> StageOutput:
        """Predict offsets in the canonical frame.

        Parameters
        ----------
        image : (N, 1, S, S) float
            Gray values, 0 to 255, of the canonical frame.
        landmarks : (N, L, 2) float, canonical pixels; hidden : (N, H) float
            The current landmarks and the previous stage's fc1; not given in the first stage.
        """
        x = image
        memory: tuple[Tensor, ...] = ()
        if not self.first:
            if landmarks is None or hidden is None:
                raise TypeError("expected landmarks and hidden: this is not the first stage")
            feature = F.relu(self.feature_layer(hidden)).reshape(-1, 1, self.side, self.side)
            if self.enlarge > 1:
                feature = F.interpolate(feature, scale_factor=self.enlarge, mode="nearest")
            if self.memory is not None:
                heatmap = landmark_heatmap(landmarks, self.size, step=2)
                memory = (self.memory(torch.cat([heatmap.to(feature.dtype), feature], dim=1)),)
            else:
                heatmap = landmark_heatmap(landmarks, self.size)
                x = torch.cat([x, heatmap.to(x.dtype), feature.to(x.dtype)], dim=1)  # (N, 3, S, S)
        before = self.input_norm(x)
        x = self.levels[0](before, *memory)
        for level in self.levels[1:]:
            before, x = x, level(x)
        # x is (N, C, S/16, S/16) with four levels, and what goes into the last is twice as fine.
        heatmaps = self.heatmaps(before) if self.heatmaps is not None and self.training else None
        x = self.dropout(x.flatten(1))
        hidden = F.relu(self.fc1_norm(self.fc1(x)))  # (N, H)
        log_sigma, logit = None, None
        # Offsets keep float32 under autocast: bfloat16 has steps of 1/32 pixel at 8 pixels.
        with torch.autocast(image.device.type, enabled=False):
            offsets = self.output(hidden.float()).reshape(-1, self.landmarks, 2)
            if self.trust is not None:
                trust = self.trust(hidden.float())
                log_sigma = trust[:, :-1].clamp(-LOG_SIGMA_LIMIT, LOG_SIGMA_LIMIT)
                logit = trust[:, -1]
        return StageOutput(offsets, hidden, log_sigma, logit, heatmaps)


class StageResult(NamedTuple):
    """A stage's output, laid into the source image.

    Attributes
    ----------
    landmarks : (N, L, 2) float, source pixels
    transform : (N, 2, 3) float
        Source to canonical: how the stage saw the face.
    output : StageOutput
        As the stage gave it, in the canonical frame.
    """

    landmarks: Tensor
    transform: Tensor
    output: StageOutput


class DeepAlignmentNetwork(nn.Module):
    """All stages with the connections between them, batched: what training runs."""

    mean_shape: Tensor

    def __init__(self, config: NetworkConfig, mean_shape: Tensor) -> None:
        """``mean_shape`` is (L, 2) in canonical pixels."""
        super().__init__()
        self.config = config
        self.register_buffer("mean_shape", mean_shape)
        self.stages = nn.ModuleList(
            Stage(config, first=i == 0, last=i == config.stages - 1) for i in range(config.stages)
        )

    def forward(self, images: Tensor, transform: Tensor) -> list[StageResult]:
        """Refine from the mean shape laid out by ``transform``.

        Parameters
        ----------
        images : (N, 1, H, W) float
            Gray source images, 0 to 255.
        transform : (N, 2, 3) float
            Initial similarity, source to canonical.

        Returns
        -------
        list of StageResult
            One per stage.
        """
        canonical = self.mean_shape.expand(len(images), -1, -1)
        hidden: Tensor | None = None
        results: list[StageResult] = []
        for stage in self.stages:
            if results:
                current = results[-1].landmarks.detach()
                transform = fit_similarity(current, self.mean_shape)
                canonical = transform_points(transform, current)
            face = warp(images, transform, self.config.input_size)
            output: StageOutput = stage(face, canonical, hidden)
            hidden = output.hidden
            landmarks = transform_points(invert_similarity(transform), canonical + output.offsets)
            results.append(StageResult(landmarks, transform, output))
        return results
