"""Similarity transforms between image and canonical frame.

The canonical frame is a square of ``size`` pixels. In it the mean shape is upright, its bounding
box is centred, and the longer side of that box fills ``1 / region`` of the frame. Points are
(x, y); the centre of the top-left pixel is (0, 0). A transform is a
``skimage.transform.SimilarityTransform``, image to canonical frame unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

FloatArray = NDArray[np.floating]
MINIMAL_BOX = 1.0  # pixels; a smaller box has no usable scale
COINCIDENT = 1e-12  # square pixels; points with a smaller spread count as one point
COORDINATE_LIMIT = 2.0**31  # pixels; beyond any image, and float64 still resolves fractions there


class BoundingBox(NamedTuple):
    """The coordinates of the outermost points, image pixels."""

    left: float
    top: float
    right: float
    bottom: float


def bounding_box(landmarks: FloatArray) -> BoundingBox:
    """The tight box of (L, 2) landmarks."""
    low, high = landmarks.min(0), landmarks.max(0)
    return BoundingBox(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def similarity(matrix: FloatArray) -> SimilarityTransform:
    """The transform of a (3, 3) matrix."""
    from skimage.transform import SimilarityTransform

    return SimilarityTransform(matrix=matrix)  # type: ignore[no-untyped-call]


def to_canonical_frame(shape: FloatArray, size: int, region: float) -> FloatArray:
    """Scale and shift a mean shape (L, 2) of any unit into the canonical frame."""
    low, high = shape.min(0), shape.max(0)
    scale = size / region / float((high - low).max())
    return np.asarray((shape - (low + high) / 2) * scale + (size - 1) / 2)


def initial_transform(box: BoundingBox, mean_shape: FloatArray) -> SimilarityTransform:
    """The transform that places the mean shape in a landmark box, without rotation.

    As ``bestFitRect`` of the reference implementation: the centres of the two boxes coincide, and
    the scale is the mean of the ratios of their widths and heights.

    Parameters
    ----------
    box : BoundingBox
        Where the landmarks are expected, image pixels. Inverted and tiny sides count as one pixel,
        coordinates are clipped to 2 ** 31.
    mean_shape : (L, 2) float, canonical pixels
    """
    left, top, right, bottom = (min(max(side, -COORDINATE_LIMIT), COORDINATE_LIMIT) for side in box)
    mean_box = bounding_box(mean_shape)
    width = max(right - left, MINIMAL_BOX) / (mean_box.right - mean_box.left)
    height = max(bottom - top, MINIMAL_BOX) / (mean_box.bottom - mean_box.top)
    scale = 2 / (width + height)
    x = (mean_box.left + mean_box.right - scale * (left + right)) / 2
    y = (mean_box.top + mean_box.bottom - scale * (top + bottom)) / 2
    return similarity(np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]]))


def as_complex(points: FloatArray) -> NDArray[np.complex128]:
    """(..., 2) points as (...) complex ``x + iy``."""
    return np.ascontiguousarray(points, np.float64).view(np.complex128)[..., 0]


def transform_points(
    transforms: Sequence[SimilarityTransform], points: FloatArray
) -> NDArray[np.float64]:
    """Apply N transforms to (N, L, 2) points, or each of them to the same (1, L, 2) points."""
    matrices = np.array([transform.params for transform in transforms])
    linear, shift = matrices[:, :2, :2], matrices[:, None, :2, 2]
    return np.asarray(points @ linear.transpose(0, 2, 1) + shift, np.float64)


def fit_similarity(source: FloatArray, target: FloatArray) -> SimilarityTransform | None:
    """Least-squares similarity from (L, 2) source to target; None if all points coincide.

    For coincident points scikit-image returns a failure object or, far from the origin, a
    transform that is not finite.
    """
    from skimage.transform import SimilarityTransform

    transform = SimilarityTransform.from_estimate(source, target)
    if isinstance(transform, SimilarityTransform) and np.isfinite(transform.params).all():
        return transform
    return None


def fit_similarities(
    sources: FloatArray, target: FloatArray, fallback: Sequence[SimilarityTransform]
) -> list[SimilarityTransform]:
    """Least-squares similarities from each of (N, L, 2) point sets to (L, 2) target points.

    The closed form of Umeyama 1991 in two dimensions, with (x, y) as ``x + iy``. The result equals
    that of scikit-image's ``from_estimate`` to 1e-9. The closed form is used because
    ``from_estimate`` took an eighth of the whole time of a face.

    Parameters
    ----------
    fallback : N transforms
        Used for point sets whose points all coincide: they have no similarity.
    """
    points, wanted = as_complex(sources), as_complex(target)
    count = len(wanted)
    centres = points.sum(1) / count  # faster than mean()
    points = points - centres[:, None]
    parts = points.view(np.float64)
    power = np.einsum("ij,ij->i", parts, parts)
    exists = power > COINCIDENT
    linear = points.conj() @ wanted / np.maximum(power, COINCIDENT)
    shift = wanted.sum() / count - linear * centres
    matrices = np.zeros((len(points), 3, 3))
    matrices[:, 0, 0] = matrices[:, 1, 1] = linear.real
    matrices[:, 1, 0], matrices[:, 0, 1] = linear.imag, -linear.imag
    matrices[:, 0, 2], matrices[:, 1, 2] = shift.real, shift.imag
    matrices[:, 2, 2] = 1
    return [
        similarity(matrix) if fits else other
        for matrix, fits, other in zip(matrices, exists.tolist(), fallback, strict=True)
    ]


def face_transform(landmarks: FloatArray, mean_shape: FloatArray) -> SimilarityTransform:
    """The transform, image to canonical frame, of (L, 2) landmarks.

    If all landmarks coincide: the initial transform of their box.
    """
    fitted = fit_similarity(landmarks, mean_shape)
    return fitted or initial_transform(bounding_box(landmarks), mean_shape)


def moved_transform(transform: SimilarityTransform, move: FloatArray) -> SimilarityTransform:
    """The transform of the same face after it moved by (2,) image pixels."""
    matrix = transform.params.copy()
    matrix[:2, 2] -= matrix[:2, :2] @ move
    return similarity(matrix)
