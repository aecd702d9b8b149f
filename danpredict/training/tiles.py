"""Training faces in memory: gray tiles at about the resolution of the canonical frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danpredict.boxes.calibration import BoxCalibration
from danpredict.datasets.face import LabelledFace
from danpredict.geometry.sampling import shrink, shrink_factor, to_gray
from danpredict.geometry.similarity import (
    BoundingBox,
    FloatArray,
    bounding_box,
    face_transform,
    fit_similarity,
    initial_transform,
    to_canonical_frame,
)

TILE = 224  # pixels; a frame of 112 pixels fits in when rotated by 45 degrees, scaled and shifted


@dataclass
class FaceTiles:
    """Faces ready for sampling.

    Attributes
    ----------
    images : (N, TILE, TILE) uint8 gray
    landmarks : (N, L, 2) float32, tile pixels
        All finite. Landmarks without a label are taken from the mean shape; see `complete`.
    known : (N, L) bool
        Which landmarks are labelled.
    transforms : (N, 2, 3) float32
        Initial transforms for validation, tile to canonical: of the detector's box if there is one,
        else of the box of the landmarks.
    """

    images: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    known: NDArray[np.bool_]
    transforms: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)


def procrustes_mean(
    shapes: FloatArray, mirror: Sequence[int] | None, rounds: int = 10
) -> FloatArray:
    """Mean of (N, L, 2) shapes after similarity alignment: centred, of unit size, upright.

    With a mirror table, the mean is symmetric: it is rotated so that it equals its mirror image.
    Without a mirror table, its rotation is the average of the rotations of the shapes.
    """
    shapes = shapes - shapes.mean(1, keepdims=True)
    if mirror is not None:
        shapes = np.concatenate([shapes, shapes[:, list(mirror)] * [-1, 1]])
    complex_shapes = shapes @ np.array([1, 1j])
    complex_shapes /= np.linalg.norm(complex_shapes, axis=1, keepdims=True)
    mean = complex_shapes[0]
    for _ in range(rounds):
        # The optimal rotation of a unit shape z onto m has the angle of <z, m>.
        inner = (complex_shapes.conj() * mean).sum(1, keepdims=True)
        mean = (complex_shapes * inner / np.abs(inner)).mean(0)
        mean /= np.linalg.norm(mean)
    # Procrustes analysis does not determine the rotation.
    if mirror is None:
        mean = mean * np.exp(1j * np.angle((complex_shapes @ mean.conj()).sum()))
    else:
        # The mean equals its mirror image at two rotations: upright and upside down. Of these two,
        # this is the rotation that is nearer to the rotation of the first face.
        partner = -mean[list(mirror)].conj()
        mean = mean * np.exp(0.5j * np.angle((mean.conj() * partner).sum()))
        mean = (mean - mean[list(mirror)].conj()) / 2
    return np.stack([mean.real, mean.imag], 1)


def canonical_mean_shape(
    faces: Sequence[LabelledFace], mirror: Sequence[int] | None, size: int, region: float
) -> FloatArray:
    """Mean shape of the faces in the canonical frame, (L, 2) pixels."""
    shapes = np.stack([face.landmarks for face in faces])
    whole = shapes[np.isfinite(shapes).all((1, 2))]
    if not len(whole):
        raise ValueError(
            "expected at least one face with all landmarks, for the mean shape, got none"
        )
    mean = procrustes_mean(whole, mirror)
    return to_canonical_frame(mean, size, region)


def complete(landmarks: FloatArray, mean_shape: FloatArray) -> FloatArray:
    """Replace NaN landmarks by those of the mean shape, fitted to the labelled landmarks.

    Raises
    ------
    ValueError
        Fewer than two different landmarks are labelled.
    """
    known = np.asarray(np.isfinite(landmarks).all(-1))
    if known.all():
        return landmarks
    distinct = len(np.unique(landmarks[known], axis=0)) > 1
    fitted = fit_similarity(mean_shape[known], landmarks[known]) if distinct else None
    if fitted is None:
        raise ValueError(f"expected at least two different landmarks, got {landmarks[known]}")
    return np.where(known[:, None], landmarks, fitted(mean_shape))


def cut_tiles(
    faces: Sequence[LabelledFace],
    mean_shape: FloatArray,
    calibration: BoxCalibration,
    tile: int = TILE,
) -> FaceTiles:
    """Read every picture and cut out a tile around the face.

    A picture is averaged in blocks, as for inference. Outside the picture its border pixels are
    repeated. ``tile`` is the side of the tiles in pixels, about twice that of the canonical frame.
    """
    count = len(mean_shape)
    images = np.empty((len(faces), tile, tile), np.uint8)
    landmarks = np.empty((len(faces), count, 2), np.float32)
    known = np.empty((len(faces), count), np.bool_)
    transforms = np.empty((len(faces), 2, 3), np.float32)
    for i, face in enumerate(tqdm(faces, desc="reading faces", unit="face", leave=False)):
        known[i] = np.isfinite(face.landmarks).all(-1)
        points = complete(face.landmarks, mean_shape)
        tight = bounding_box(points)
        gray = to_gray(face.picture())
        factor = shrink_factor(initial_transform(tight, mean_shape).scale, gray.shape)
        gray = shrink(gray, factor)
        centre = np.array([tight.left + tight.right, tight.top + tight.bottom]) / 2 / factor
        corner = np.round(centre).astype(int) - tile // 2

        rows = np.clip(np.arange(tile) + corner[1], 0, gray.shape[0] - 1)
        columns = np.clip(np.arange(tile) + corner[0], 0, gray.shape[1] - 1)
        images[i] = gray[rows[:, None], columns]
        landmarks[i] = (points + 0.5) / factor - 0.5 - corner
        box = tight if face.box is None else calibration.landmark_box(*face.box)
        sides = (np.array(box) + 0.5) / factor - 0.5 - np.tile(corner, 2)
        transforms[i] = initial_transform(BoundingBox(*sides), mean_shape).params[:2]
    return FaceTiles(images, landmarks, known, transforms)


def rarity(landmarks: FloatArray, mean_shape: FloatArray) -> FloatArray:
    """Distance of each of (N, L, 2) faces from the mean shape, relative to the median distance.

    The values are clipped to 0.5 to 3. Distances are measured after a similarity transform, so they
    are mostly due to turned heads and open mouths. These are rare, and most large errors occur on
    them. Drawing them more often is the pose-based data balancing of Feng et al., "Wing Loss", CVPR
    2018.
    """
    fitted = [face_transform(points, mean_shape) for points in landmarks]
    left = np.stack([t(p) for t, p in zip(fitted, landmarks, strict=True)]) - mean_shape
    distance = np.sqrt((left**2).mean((1, 2)))
    return np.asarray(np.clip(distance / max(np.median(distance), 1e-6), 0.5, 3.0))


def mirror_tile(
    image: NDArray[np.uint8], landmarks: FloatArray, mirror: Sequence[int]
) -> tuple[NDArray[np.uint8], FloatArray]:
    """A tile and its landmarks, mirrored."""
    flipped = landmarks[list(mirror)].copy()
    flipped[:, 0] = image.shape[1] - 1 - flipped[:, 0]
    return image[:, ::-1], flipped
