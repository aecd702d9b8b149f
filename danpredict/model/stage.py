"""One stage of the Deep Alignment Network, in torch. See `danpredict.model.network` for sources."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from danpredict.model.backbones import BACKBONES, BATCH_NORM_EPSILON
from danpredict.model.heatmap import landmark_heatmap
from danpredict.model.network_config import NetworkConfig

# Gray levels, 0 to 255, over the canonical frames of 2012 faces of 300-W's training half.
GRAY_MEAN, GRAY_STD = 105.0, 65.0
LOG_SIGMA_LIMIT = 4.0  # exp(4) pixels is half the canonical frame; no error needs more


class StageOutput(NamedTuple):
    """The output of a stage.

    Attributes
    ----------
    offsets : (N, L, 2) float32, canonical pixels
    hidden : (N, H) float
        Activations of fc1. The next stage makes its feature image from them.
    log_sigma : (N, L) float32 or None
        Logarithm of the expected error of each landmark, canonical pixels; last stage only.
    logit : (N,) float32 or None
        Of the probability that the face was found well; last stage only.
    heatmaps : (N, L, S/8, S/8) float or None
        Unnormalised log-probabilities of where each landmark is; in training only.
    """

    offsets: Tensor
    hidden: Tensor
    log_sigma: Tensor | None = None
    logit: Tensor | None = None
    heatmaps: Tensor | None = None


class Stage(nn.Module):
    """One feed-forward network that moves the landmarks.

    From the second stage on it also sees a heatmap of the current landmarks and a feature image
    made from the previous stage's hidden layer. In residual backbones the layers in ``memory`` read
    these two; in plain ones they are input channels, as in the paper.
    """

    NORMALISED_BY: ClassVar = {"fc1": "fc1_norm"}
    # Layers that int8 models keep in float32, by name; a name includes the layers inside it.
    # The last two give landmarks and probabilities. The first two read one or two channels, where
    # int8 is slower in ONNX Runtime: the stem took 0.09 ms in int8 and 0.03 ms in float32.
    FLOAT32_LAYERS: ClassVar = ("levels.0.0", "memory", "output", "uncertainty")

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
        widths, blocks = config.widths_of(first=first), config.blocks_of(first=first)
        stem = config.stem_of(first=first)
        self.levels = nn.ModuleList(BACKBONES[config.backbone](channels, widths, blocks, stem))
        side = self.size // stem // 2 ** (len(widths) - 1)  # levels after the stem halve the size
        self.dropout = nn.Dropout(config.dropout)
        self.fc1 = nn.Linear(widths[-1] * side * side, config.hidden, bias=False)
        self.fc1_norm = nn.BatchNorm1d(config.hidden, BATCH_NORM_EPSILON)
        self.output = nn.Linear(config.hidden, 2 * config.landmarks)
        self.uncertainty = None
        if config.uncertainty and last:
            self.uncertainty = nn.Linear(config.hidden, config.landmarks + 1)
        self.heatmaps = nn.Conv2d(widths[-2], config.landmarks, 1) if config.heatmaps else None

    def forward(
        self, image: Tensor, landmarks: Tensor | None = None, hidden: Tensor | None = None
    ) -> StageOutput:
        """Predict offsets in the canonical frame.

        Parameters
        ----------
        image : (N, 1, S, S) float
            Gray values, 0 to 255, of the canonical frame.
        landmarks : (N, L, 2) float, canonical pixels; hidden : (N, H) float
            The current landmarks, and ``hidden`` of the previous stage. Not in the first stage.
        """
        x = image
        memory: tuple[Tensor, ...] = ()
        if not self.first:
            if landmarks is None or hidden is None:
                raise TypeError(
                    "expected landmarks and hidden, which all stages but the first need"
                )
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
        # With four levels x is (N, C, S/16, S/16), and the input of the last level is S/8 wide.
        heatmaps = self.heatmaps(before) if self.heatmaps is not None and self.training else None
        x = self.dropout(x.flatten(1))
        hidden = F.relu(self.fc1_norm(self.fc1(x)))  # (N, H)
        log_sigma, logit = None, None
        # Offsets stay in float32 under autocast: bfloat16 has steps of 1/32 pixel at 8 pixels.
        with torch.autocast(image.device.type, enabled=False):
            offsets = self.output(hidden.float()).reshape(-1, self.landmarks, 2)
            if self.uncertainty is not None:
                uncertainty = self.uncertainty(hidden.float())
                log_sigma = uncertainty[:, :-1].clamp(-LOG_SIGMA_LIMIT, LOG_SIGMA_LIMIT)
                logit = uncertainty[:, -1]
        return StageOutput(offsets, hidden, log_sigma, logit, heatmaps)
