"""Small annotated data sets made of the astronaut, for tests that train and evaluate."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry import to_canonical_frame

Image = NDArray[np.uint8]


def face_shape(count: int, size: int = 112, region: float = 1.3) -> NDArray[np.float64]:
    """A made-up mean shape (count, 2): points on a ring, in the canonical frame."""
    angle = np.linspace(0, 2 * math.pi, count, endpoint=False) + 0.3
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.asarray(to_canonical_frame(ring, size, region), np.float64)


def write_pts(path: Path, landmarks: NDArray[np.floating]) -> None:
    """Write (L, 2) landmarks as iBUG does, counted from 1."""
    rows = "\n".join(f"{x:.4f} {y:.4f}" for x, y in landmarks + 1)
    path.write_text(f"version: 1\nn_points: {len(landmarks)}\n{{\n{rows}\n}}\n", "utf-8")


def write_dataset(folder: Path, image: Image, landmarks: NDArray[np.floating], count: int) -> None:
    """Turn and scale one annotated picture a little, ``count`` times."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    centre = landmarks.mean(0).tolist()
    for i in range(count):
        matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-15, 15), rng.uniform(0.8, 1.2))
        turned = cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0]))
        cv2.imwrite(str(folder / f"face_{i:03}.png"), turned[..., ::-1])
        write_pts(folder / f"face_{i:03}.pts", landmarks @ matrix[:, :2].T + matrix[:, 2])
