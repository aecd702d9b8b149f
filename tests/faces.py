"""Small annotated data sets made of the astronaut, for tests that train and evaluate."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import to_canonical_frame

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


def drawn_face(ear: float = 0.3, mar: float = 0.2) -> NDArray[np.float64]:
    """A symmetric face (68, 2) in pixels of a tile of 224, with these aspect ratios."""
    points = np.zeros((68, 2))
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([112 + 45 * np.cos(angle), 100 + 60 * np.sin(angle)], 1)
    for row, centre in ((range(17, 22), 90), (range(22, 27), 134)):
        points[row, 0], points[row, 1] = np.linspace(centre - 12, centre + 12, 5), 76
    points[27:31] = np.stack([np.full(4, 112.0), np.linspace(92, 118, 4)], 1)
    points[31:36] = np.stack([np.linspace(104, 120, 5), np.full(5, 122.0)], 1)
    across, high = np.array([-9, -3, 3, 9, 3, -3]), np.array([0, 1, 1, 0, -1, -1])
    for first, x in ((36, 90), (42, 134)):
        points[first : first + 6] = np.stack([x + across, 92 - high * ear * 9], 1)
    outer = np.array([-20, -13, -6, 0, 6, 13, 20, 13, 6, 0, -6, -13])
    edge = np.array([0, 5, 6, 6, 6, 5, 0, -5, -6, -7, -6, -5])
    lower = 32 * mar * np.array([*[0] * 7, *np.array([0.6, 0.95, 1, 0.95, 0.6])])
    points[48:60] = np.stack([112 + outer, 136 - edge + lower], 1)
    inner, gap = np.array([-16, -6, 0, 6, 16, 6, 0, -6]), np.array([0, 0, 0, 0, 0, 0.9, 1, 0.9])
    points[60:68] = np.stack([112 + inner, 136 + gap * 32 * mar], 1)
    return points
