"""Variation of training faces: where the network starts, and what the picture looks like."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry import FloatArray
from danpredict.training.config import AugmentConfig

Tile = cv2.typing.MatLike  # (T, T) uint8 gray


def random_starts(
    rng: np.random.Generator, landmarks: FloatArray, mean_shape: FloatArray, config: AugmentConfig
) -> NDArray[np.float32]:
    """Initial transforms as a detector would give them for faces rolled at random.

    The face is turned, its landmark box taken as it then is, and position and size of that box are
    disturbed in units of the canonical frame, so that all faces get the same noise whatever their
    size in the image (the reference applies pixels of one frame in the other).

    Parameters
    ----------
    landmarks : (N, L, 2) float, source pixels
    mean_shape : (L, 2) float, canonical pixels

    Returns
    -------
    (N, 2, 3) float32
        Source to canonical.
    """
    count = len(landmarks)
    angle = np.radians(rng.normal(0, config.roll, count))
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1)  # (N, 2, 2)
    turned = landmarks @ rotation.transpose(0, 2, 1)
    low, high = turned.min(1), turned.max(1)
    mean_low, mean_high = mean_shape.min(0), mean_shape.max(0)
    extent = mean_high - mean_low
    scale = 2 / ((high - low) / extent).sum(1) * np.exp(rng.normal(0, config.scale, count))
    centre = (mean_low + mean_high) / 2 + rng.normal(0, config.shift, (count, 2)) * extent
    linear = scale[:, None, None] * rotation
    shift = centre - scale[:, None] * (low + high) / 2
    return np.concatenate([linear, shift[..., None]], -1).astype(np.float32)


def light(rng: np.random.Generator, tile: Tile) -> Tile:
    """Contrast, brightness and gamma through one table."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.35))
    table = (levels - 0.5) * np.exp(rng.normal(0, 0.25)) + 0.5 + rng.normal(0, 0.1)
    return cv2.LUT(tile, np.clip(table * 255, 0, 255).astype(np.uint8))


def shade(rng: np.random.Generator, tile: Tile) -> Tile:
    """Light from one side: a ramp of gain across the tile."""
    size = len(tile)
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-2, 2, size, dtype=np.float32)  # the face spans about -0.7 to 0.7
    ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    gain = np.clip(1 + rng.uniform(0.2, 0.9) * ramp, 0.1, 2).astype(np.float32)
    return cv2.multiply(tile, gain, dtype=cv2.CV_8U)


def blur(rng: np.random.Generator, tile: Tile) -> Tile:
    """Out of focus, or enlarged from a small picture."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(tile, (0, 0), rng.uniform(0.5, 2.5))
    small = int(len(tile) / rng.uniform(1.2, 4))
    reduced = cv2.resize(tile, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, tile.shape[::-1], interpolation=cv2.INTER_LINEAR)


@cache
def _grain(size: int) -> NDArray[np.float32]:
    """A field of unit noise to cut from: drawing fresh noise was half of a batch's time."""
    return np.random.default_rng(0).standard_normal((2 * size, 2 * size), np.float32)


def noise(rng: np.random.Generator, tile: Tile) -> Tile:
    """Gaussian sensor noise."""
    size = len(tile)
    y, x = rng.integers(size, size=2)
    grain = _grain(size)[y : y + size, x : x + size] * rng.uniform(2, 16)
    return cv2.add(tile, grain, dtype=cv2.CV_8U)


def occlude(rng: np.random.Generator, tile: Tile, landmarks: FloatArray, other: Tile) -> Tile:
    """Cover a part of the face with a rectangle or an ellipse of gray or of another picture."""
    low, high = landmarks.min(0), landmarks.max(0)
    centre = rng.uniform(low, high)
    half = rng.uniform(0.08, 0.28, 2) * (high - low)
    mask = np.zeros_like(tile)
    x, y = (int(v) for v in centre)
    w, h = (max(1, int(v)) for v in half)
    if rng.random() < 0.5:
        cv2.rectangle(mask, (x - w, y - h), (x + w, y + h), 1, -1)
    else:
        cv2.ellipse(mask, (x, y), (w, h), rng.uniform(0, 180), 0, 360, 1, -1)
    cover = np.full_like(tile, rng.integers(256)) if rng.random() < 0.5 else other
    return np.where(mask > 0, cover, tile)


def vary(
    rng: np.random.Generator, tile: Tile, landmarks: FloatArray, other: Tile, config: AugmentConfig
) -> Tile:
    """Change what a tile looks like, not where its landmarks are."""
    if rng.random() < config.occlusion:
        tile = occlude(rng, tile, landmarks, other)
    if rng.random() < config.light:
        tile = light(rng, tile)
    if rng.random() < config.shade:
        tile = shade(rng, tile)
    if rng.random() < config.blur:
        tile = blur(rng, tile)
    if rng.random() < config.noise:
        tile = noise(rng, tile)
    return tile
