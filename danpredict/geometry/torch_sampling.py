"""Sampling in torch, for batches; bilinear as in OpenCV."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from danpredict.geometry.torch_similarity import invert_similarity


def warp(images: Tensor, transform: Tensor, size: int) -> Tensor:
    """Sample images at the pixels of the canonical frame, bilinear, with replicated borders.

    Parameters
    ----------
    images : (N, 1, H, W) float
    transform : (N, 2, 3) float
        Image to canonical frame.
    size : int
        Side of the canonical frame, pixels.

    Returns
    -------
    (N, 1, size, size) float
    """
    height, width = images.shape[2:]
    axis = torch.arange(size, dtype=transform.dtype, device=transform.device)
    inverse = invert_similarity(transform)[..., None, None]  # (N, 2, 3, 1, 1)
    source = inverse[:, :, 0] * axis + inverse[:, :, 1] * axis[:, None] + inverse[:, :, 2]
    span = torch.tensor([width - 1, height - 1], dtype=source.dtype, device=source.device)
    grid = (2 / span) * source.permute(0, 2, 3, 1) - 1  # (N, S, S, 2)
    return F.grid_sample(images, grid, "bilinear", "border", align_corners=True)
