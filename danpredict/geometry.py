"""Similarity transforms between image and canonical frame, and where a stage starts.

The canonical frame is a square of ``size`` pixels in which the mean shape is upright, its bounding
box centred, and the larger side of that box fills ``1 / region`` of the frame. Points are (x, y),
the centre of the top-left pixel is (0, 0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

FloatArray = NDArray[np.floating]
MINIMAL_BOX = 1.0  # pixels; a smaller box has no usable scale
COINCIDE = 1e-12  # square pixels; points of a smaller spread are one point
FARTHEST = 2.0**31  # pixels; beyond any image, and fractions of a pixel are still exact there


class Box(NamedTuple):
    """A rectangle in image pixels: the coordinates of its outermost points."""

    left: float
    top: float
    right: float
    bottom: float


def bounding_box(landmarks: FloatArray) -> Box:
    """The tight box of (L, 2) landmarks."""
    low, high = landmarks.min(0), landmarks.max(0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def to_canonical_frame(shape: FloatArray, size: int, region: float) -> FloatArray:
    """Scale and shift a mean shape (L, 2) of any unit into the canonical frame."""
    low, high = shape.min(0), shape.max(0)
    scale = size / region / float((high - low).max())
    return np.asarray((shape - (low + high) / 2) * scale + (size - 1) / 2)


def initial_transform(box: Box, mean_shape: FloatArray) -> SimilarityTransform:
    """Similarity, image to canonical, that lays the mean shape into a landmark box.

    As ``bestFitRect`` of the reference implementation: the centres of the boxes coincide and the
    scale is the mean of the ratios of width and of height. No rotation.

    Parameters
    ----------
    box : Box
        Where the landmarks are expected, image pixels. Inverted or tiny sides count as one pixel,
        and what lies beyond 2 ** 31 as there.
    mean_shape : (L, 2) float, canonical pixels
    """
    from skimage.transform import SimilarityTransform

    left, top, right, bottom = (min(max(side, -FARTHEST), FARTHEST) for side in box)
    mean_box = bounding_box(mean_shape)
    width = max(right - left, MINIMAL_BOX) / (mean_box.right - mean_box.left)
    height = max(bottom - top, MINIMAL_BOX) / (mean_box.bottom - mean_box.top)
    scale = 2 / (width + height)
    x = (mean_box.left + mean_box.right - scale * (left + right)) / 2
    y = (mean_box.top + mean_box.bottom - scale * (top + bottom)) / 2
    matrix = np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])
    return SimilarityTransform(matrix=matrix)  # type: ignore[no-untyped-call]


def as_complex(points: FloatArray) -> NDArray[np.complex128]:
    """(..., 2) points as (...) complex ``x + iy``."""
    return np.ascontiguousarray(points, np.float64).view(np.complex128)[..., 0]


def transform_points(matrices: FloatArray, points: FloatArray) -> NDArray[np.float64]:
    """Apply (N, 3, 3) similarities to (N, L, 2) points, each to its own."""
    linear, shift = matrices[:, :2, :2], matrices[:, None, :2, 2]
    return np.asarray(points @ linear.transpose(0, 2, 1) + shift, np.float64)


def fit_similarity(source: FloatArray, target: FloatArray) -> SimilarityTransform | None:
    """Least-squares similarity from (L, 2) source to target; None where none exists.

    A shape whose points all coincide has none: scikit-image says so, or far from the origin gives
    one that is not finite.
    """
    from skimage.transform import SimilarityTransform

    transform = SimilarityTransform.from_estimate(source, target)
    if isinstance(transform, SimilarityTransform) and np.isfinite(transform.params).all():
        return transform
    return None


def fit_similarities(
    sources: FloatArray, target: FloatArray, otherwise: FloatArray
) -> NDArray[np.float64]:
    """Least-squares similarities from each of (N, L, 2) shapes to (L, 2), as (N, 3, 3).

    Umeyama 1991 in two dimensions, where with ``x + iy`` for (x, y) it takes a line: the same as
    scikit-image's ``from_estimate`` to 1e-9. That one took an eighth of a face's whole time.

    Parameters
    ----------
    otherwise : (N, 3, 3) float
        For shapes that have no similarity, since all of their points coincide.
    """
    shapes, wanted = as_complex(sources), as_complex(target)
    middles = shapes.mean(1)
    shapes = shapes - middles[:, None]
    power = (shapes.real**2 + shapes.imag**2).sum(1)
    exists = power > COINCIDE
    linear = shapes.conj() @ wanted / np.where(exists, power, 1)
    shift = wanted.mean() - linear * middles
    fits = np.zeros((len(shapes), 3, 3))
    fits[:, 0, 0] = fits[:, 1, 1] = linear.real
    fits[:, 1, 0], fits[:, 0, 1] = linear.imag, -linear.imag
    fits[:, 0, 2], fits[:, 1, 2] = shift.real, shift.imag
    fits[:, 2, 2] = 1
    fits[~exists] = otherwise[~exists]
    return fits


def pose(landmarks: FloatArray, mean_shape: FloatArray) -> SimilarityTransform:
    """Similarity, image to canonical, of (L, 2) landmarks; from their box where none exists."""
    fitted = fit_similarity(landmarks, mean_shape)
    return fitted or initial_transform(bounding_box(landmarks), mean_shape)


def pose_ahead(transform: SimilarityTransform, move: FloatArray) -> SimilarityTransform:
    """The pose of a face that has moved on by (2,) image pixels."""
    from skimage.transform import SimilarityTransform

    matrix = transform.params.copy()
    matrix[:2, 2] -= matrix[:2, :2] @ move
    return SimilarityTransform(matrix=matrix)  # type: ignore[no-untyped-call]
