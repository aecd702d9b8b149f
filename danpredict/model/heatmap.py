"""Landmark heatmaps: the image of the current landmarks that a stage reads."""

from __future__ import annotations

import torch
from torch import Tensor

HEATMAP_HALF_SIZE = 8  # pixels; patch_size 16 in the reference's LandmarkImageLayer
HEATMAP_EPSILON = 1e-6  # inside the square root, as in the reference: smooth at distance 0


def landmark_heatmap(landmarks: Tensor, size: int, step: int = 1) -> Tensor:
    """Draw ``1 / (1 + distance)`` around each landmark; overlapping patches keep the maximum.

    Same as the reference's LandmarkImageLayer. A patch has 17 x 17 pixels around the landmark's
    truncated position, and distances are measured from its sub-pixel position. Landmarks are
    clipped so that the patches lie inside the frame.

    Parameters
    ----------
    landmarks : (N, L, 2) float
        Canonical pixels.
    size : int
        Side of the canonical frame.
    step : int
        Draw only every ``step``-th row and column, starting with the first.

    Returns
    -------
    (N, 1, size / step, size / step) float in [0, 1]
    """
    half, size = HEATMAP_HALF_SIZE // step, size // step
    number = landmarks.shape[0]  # len() would become a constant in an exported graph
    landmarks = (landmarks / step).clamp(half, size - 1 - half)
    centre = landmarks.to(torch.int64)
    fraction = (landmarks - centre)[..., None]  # (N, L, 2, 1)
    # The pixels of a patch lie on one axis: ONNX Runtime is slow if the last axis is short.
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
