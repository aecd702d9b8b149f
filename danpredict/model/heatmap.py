"""Landmark heatmaps: the picture of the landmarks that a stage sees."""

from __future__ import annotations

import torch
from torch import Tensor

HEATMAP_HALF_SIZE = 8  # pixels; patch_size 16 in the reference's LandmarkImageLayer


HEATMAP_EPSILON = 1e-6  # under the root, as in the reference: keeps it smooth at the landmark


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
