"""The Deep Alignment Network in torch: its stages and the connections between them. No I/O.

Sources
-------
Kowalski, Naruniec, Trzcinski, "Deep Alignment Network: A convolutional neural network for robust
face alignment", CVPR Workshops 2017 (arXiv 1706.01789), and the authors' reference implementation
github.com/MarekKowalski/DeepAlignmentNetwork.

Intended differences from the reference
---------------------------------------
* Every stage samples the source image through its own similarity transform, so each pixel is
  interpolated once. The reference crops the face to 112 pixels, and later stages sample this crop.
* All stages are trained together, with a loss on each. The gradient passes from stage to stage
  only through the feature image: landmarks, transforms, warped images and heatmaps are detached.
* Backbones are the paper's (``plain``) or thin residual ones with a stride-2 stem (``residual``).
* In residual backbones the heatmap and the feature image have 56 x 56 pixels and are added after
  the stem's convolution. At 112 x 112 they took a third of the second stage's time.
* The input of every stage passes a batch normalisation instead of a mean and a deviation image.
  Layers have torch's default initialisation instead of Glorot's.

Frames: *source* is the image that is sampled, in pixels. *Canonical* is the square of
``input_size`` pixels in which the mean shape is upright and centred. Points are (x, y); the centre
of the top-left pixel is (0, 0). A transform is a (2, 3) matrix, source to canonical frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from danpredict.geometry.torch_sampling import warp
from danpredict.geometry.torch_similarity import (
    fit_similarity,
    invert_similarity,
    transform_points,
)
from danpredict.model.network_config import NetworkConfig
from danpredict.model.stage import Stage, StageOutput


class StageResult(NamedTuple):
    """The output of a stage, with the landmarks in source pixels.

    Attributes
    ----------
    landmarks : (N, L, 2) float, source pixels
    transform : (N, 2, 3) float
        Source to canonical frame: the transform through which the stage sampled the face.
    output : StageOutput
        In the canonical frame.
    """

    landmarks: Tensor
    transform: Tensor
    output: StageOutput


class DeepAlignmentNetwork(nn.Module):
    """All stages and the connections between them, for batches of faces."""

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
        """Refine from the mean shape, placed by an initial transform.

        Parameters
        ----------
        images : (N, 1, H, W) float
            Gray source images, 0 to 255.
        transform : (N, 2, 3) float
            Initial similarity transform, source to canonical.

        Returns
        -------
        list of StageResult
            One per stage.
        """
        size = self.config.input_size
        return list(self.refine(lambda t: warp(images, t, size), transform, self.mean_shape))

    def refine(
        self, sample: Callable[[Tensor], Tensor], transform: Tensor, mean_shape: Tensor
    ) -> Iterator[StageResult]:
        """Run the stages one by one; training and `danpredict.cascade.torch_cascade` share this.

        Parameters
        ----------
        sample : callable
            Returns the canonical frames (N, 1, S, S) that (N, 2, 3) transforms cut out of the
            source images.
        transform : (N, 2, 3) float
            Initial similarity transform, source to canonical.
        mean_shape : (L, 2) float, canonical pixels
            Of the same dtype as ``transform``.
        """
        canonical = mean_shape.expand(len(transform), -1, -1)
        hidden: Tensor | None = None
        landmarks: Tensor | None = None
        for stage in self.stages:
            if landmarks is not None:
                current = landmarks.detach()
                fitted = fit_similarity(current, mean_shape)
                # Coincident landmarks have no similarity transform; they keep the last one.
                exists = (torch.hypot(fitted[:, 0, 0], fitted[:, 1, 0]) > 0)[:, None, None]
                transform = torch.where(exists, fitted, transform)
                canonical = transform_points(transform, current)
            output: StageOutput = stage(sample(transform), canonical.float(), hidden)
            hidden = output.hidden
            landmarks = transform_points(invert_similarity(transform), canonical + output.offsets)
            yield StageResult(landmarks, transform, output)
