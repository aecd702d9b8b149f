"""Augmentation: initial transforms as detectors would give them, and changes of the picture."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.training.config import AugmentConfig

Tile = cv2.typing.MatLike  # (T, T) uint8 gray


def place(
    landmarks: FloatArray,
    mean_shape: FloatArray,
    angle: FloatArray,
    scale: FloatArray,
    shift: FloatArray,
) -> NDArray[np.float32]:
    """Transforms that rotate faces, fit them into the mean shape's box, then scale and shift them.

    The box of the rotated landmarks is fitted to the mean shape's box. Scale and shift then apply
    in the canonical frame, so they do not depend on the size of a face in its image. (The reference
    draws the shift in canonical pixels, but applies it in source pixels.)

    Parameters
    ----------
    landmarks : (N, L, 2) float, source pixels
    mean_shape : (L, 2) float, canonical pixels
    angle : (N,) float, radians
    scale : (N,) float
        With 1 a face fills the mean shape's box.
    shift : (N, 2) float
        In sides of the mean shape's box; x and y.

    Returns
    -------
    (N, 2, 3) float32
        Source to canonical.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1)  # (N, 2, 2)
    turned = landmarks @ rotation.transpose(0, 2, 1)
    low, high = turned.min(1), turned.max(1)
    mean_low, mean_high = mean_shape.min(0), mean_shape.max(0)
    extent = mean_high - mean_low
    scale = 2 / ((high - low) / extent).sum(1) * scale
    centre = (mean_low + mean_high) / 2 + shift * extent
    linear = scale[:, None, None] * rotation
    offset = centre - scale[:, None] * (low + high) / 2
    return np.concatenate([linear, offset[..., None]], -1).astype(np.float32)


def random_transforms(
    rng: np.random.Generator, landmarks: FloatArray, mean_shape: FloatArray, config: AugmentConfig
) -> NDArray[np.float32]:
    """Initial transforms as from a detector's boxes, for faces with a random roll; see `place`."""
    count = len(landmarks)
    angle = np.radians(rng.normal(0, config.roll, count))
    scale = np.exp(rng.normal(0, config.scale, count))
    shift = rng.normal(0, config.shift, (count, 2))
    return place(landmarks, mean_shape, angle, scale, shift)


def background_transforms(
    rng: np.random.Generator, landmarks: FloatArray, mean_shape: FloatArray, config: AugmentConfig
) -> NDArray[np.float32]:
    """Initial transforms of boxes beside the face, of any size, that miss it; see `place`."""
    count = len(landmarks)
    angle = np.radians(rng.normal(0, config.roll, count))
    scale = np.exp(
        rng.uniform(np.log(0.4), np.log(3), count)
    )  # above 1 the face is larger than the box
    towards = rng.uniform(0, 2 * np.pi, count)
    away = rng.uniform(0.4, 1.0, count) * (1 + scale) / 2  # at 1 the boxes touch
    shift = np.stack([np.cos(towards), np.sin(towards)], 1) * away[:, None]
    return place(landmarks, mean_shape, angle, scale, shift)


def bend(
    rng: np.random.Generator, tile: Tile, landmarks: FloatArray, config: AugmentConfig
) -> tuple[Tile, FloatArray]:
    """Shift the middle of the face against its outline and stretch the face, with its landmarks.

    Along each axis this imitates a turn of the head. The term with ``u ** 2`` is the second-order
    effect of a turn if the head is a cylinder. The coordinate ``u`` is 0 in the middle of the face
    and 1 at a distance of 1.3 times half the landmark box's side. The new picture at ``u`` is the
    old picture at ``stretch * u + turn * (1 - u ** 2)``.
    """
    middle, half = (landmarks.max(0) + landmarks.min(0)) / 2, np.ptp(landmarks, axis=0) / 2
    pixels = np.arange(len(tile), dtype=np.float64)
    moved = np.empty_like(landmarks)
    source = []
    for axis in (0, 1):
        radius = 1.3 * half[axis]
        u = (pixels - middle[axis]) / radius
        turn = np.clip(rng.normal(0, config.turn), -0.3, 0.3)
        taken = np.exp(rng.normal(0, config.stretch)) * u + turn * np.clip(1 - u**2, 0, None)
        taken = middle[axis] + radius * taken
        source.append(taken.astype(np.float32))
        moved[:, axis] = np.interp(landmarks[:, axis], taken, pixels)
    x, y = (np.ascontiguousarray(m) for m in np.broadcast_arrays(source[0], source[1][:, None]))
    bent = cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return bent, moved


def light(rng: np.random.Generator, tile: Tile) -> Tile:
    """Change contrast, brightness and gamma, with one lookup table."""
    levels = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.35))
    table = (levels - 0.5) * np.exp(rng.normal(0, 0.25)) + 0.5 + rng.normal(0, 0.1)
    return cv2.LUT(tile, np.clip(table * 255, 0, 255).astype(np.uint8))


def shade(rng: np.random.Generator, tile: Tile) -> Tile:
    """Light from one side: a linear gain across the tile."""
    size = len(tile)
    angle = rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-2, 2, size, dtype=np.float32)  # the face spans about -0.7 to 0.7
    ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    gain = np.clip(1 + rng.uniform(0.2, 0.9) * ramp, 0.1, 2).astype(np.float32)
    return cv2.multiply(tile, gain, dtype=cv2.CV_8U)


def blur(rng: np.random.Generator, tile: Tile) -> Tile:
    """Imitate a picture that is out of focus, or a small picture that was enlarged."""
    if rng.random() < 0.5:
        return cv2.GaussianBlur(tile, (0, 0), rng.uniform(0.5, 2.5))
    small = int(len(tile) / rng.uniform(1.2, 4))
    reduced = cv2.resize(tile, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, tile.shape[::-1], interpolation=cv2.INTER_LINEAR)


@cache
def _grain(size: int) -> NDArray[np.float32]:
    """Unit noise, from which `noise` cuts parts. New noise would take half of a batch's time."""
    return np.random.default_rng(0).standard_normal((2 * size, 2 * size), np.float32)


def noise(rng: np.random.Generator, tile: Tile) -> Tile:
    """Add Gaussian sensor noise."""
    size = len(tile)
    y, x = rng.integers(size, size=2)
    grain = _grain(size)[y : y + size, x : x + size] * rng.uniform(2, 16)
    return cv2.add(tile, grain, dtype=cv2.CV_8U)


def occlude(rng: np.random.Generator, tile: Tile, landmarks: FloatArray, other: Tile) -> Tile:
    """Cover a part of the face with a rectangle or ellipse: gray, or cut from another picture."""
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
    """Change the look of a tile. Its landmarks stay where they are."""
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
