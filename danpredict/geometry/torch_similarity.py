"""Similarity transforms in torch, for batches; they equal those of scikit-image.

A transform is a (2, 3) matrix from source points to target points: the upper two rows of the matrix
of a ``skimage.transform.SimilarityTransform``. Points are (x, y); the centre of the top-left pixel
is (0, 0).
"""

from __future__ import annotations

import torch
from torch import Tensor


def _multiply(linear: Tensor, points: Tensor) -> Tensor:
    """Multiply (N, 2, 2) matrices by (N, L, 2) points, without ``@``.

    Under autocast, a matrix product runs in bfloat16, which moves landmarks by up to 1.5 pixels.
    """
    return (linear[:, None] * points[:, :, None]).sum(-1)


def fit_similarity(source: Tensor, target: Tensor) -> Tensor:
    """Least-squares similarity from each set of source points to the target, without reflection.

    The closed form of Umeyama 1991 in two dimensions. It equals
    ``skimage.transform.SimilarityTransform.from_estimate``.

    Parameters
    ----------
    source : (N, L, 2) float
    target : (L, 2) float

    Returns
    -------
    (N, 2, 3) float
    """
    source_mean, target_mean = source.mean(1), target.mean(0)
    s, d = source - source_mean[:, None], target - target_mean
    power = (s * s).sum((1, 2)).clamp_min(1e-12)
    a = (s * d).sum((1, 2)) / power
    b = (s[..., 0] * d[..., 1] - s[..., 1] * d[..., 0]).sum(1) / power
    linear = torch.stack([torch.stack([a, -b], -1), torch.stack([b, a], -1)], 1)  # (N, 2, 2)
    shift = target_mean - _multiply(linear, source_mean[:, None])[:, 0]
    return torch.cat([linear, shift[..., None]], -1)


def invert_similarity(transform: Tensor) -> Tensor:
    """Inverse of (N, 2, 3) similarity transforms."""
    linear, shift = transform[..., :2], transform[..., 2]
    scale2 = (linear[:, 0] ** 2).sum(-1).clamp_min(1e-12)[:, None, None]
    inverse = linear.transpose(1, 2) / scale2
    return torch.cat([inverse, -_multiply(inverse, shift[:, None]).transpose(1, 2)], -1)


def transform_points(transform: Tensor, points: Tensor) -> Tensor:
    """Apply (N, 2, 3) transforms to (N, L, 2) points."""
    return _multiply(transform[..., :2], points) + transform[..., 2][:, None]
