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

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from danpredict.geometry.torch_sampling import warp
from danpredict.geometry.torch_similarity import (
    fit_similarity,
    invert_similarity,
    transform_points,
)
from danpredict.model.backbones import BACKBONES, BATCH_NORM_EPSILON
from danpredict.model.heatmap import landmark_heatmap
from danpredict.model.network_config import NetworkConfig

# Gray levels, 0 to 255, over the canonical frames of 2012 faces of 300-W's training half.
GRAY_MEAN, GRAY_STD = 105.0, 65.0
LOG_SIGMA_LIMIT = 4.0  # exp(4) is half the canonical frame: more is no better informed


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
        self.uncertainty = None
        if config.uncertainty and last:
            self.uncertainty = nn.Linear(config.hidden, config.landmarks + 1)
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
            if self.uncertainty is not None:
                uncertainty = self.uncertainty(hidden.float())
                log_sigma = uncertainty[:, :-1].clamp(-LOG_SIGMA_LIMIT, LOG_SIGMA_LIMIT)
                logit = uncertainty[:, -1]
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
