"""Similarity transforms between image and canonical frame.

The canonical frame is a square of ``size`` pixels. In it the mean shape is upright, its bounding
box is centred, and the longer side of that box fills ``1 / region`` of the frame. Points are
(x, y); the centre of the top-left pixel is (0, 0). A transform maps image to canonical frame unless
said otherwise. It is a ``skimage.transform.SimilarityTransform``, or a `Similarity` inside the
cascade.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.complex_similarity import (
    ComplexArray,
    Similarity,
    apply,
    as_complex,
    as_points,
    as_similarity,
)

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


class Target:
    """A mean shape, prepared for many fits to it.

    Parameters
    ----------
    mean_shape : (L, 2) float, canonical pixels
    """

    def __init__(self, mean_shape: FloatArray) -> None:
        self.box = bounding_box(mean_shape)
        self.points = as_complex(mean_shape)
        self.centre = complex(self.points.mean())
        self.centred = self.points - self.centre

    def initial(self, box: BoundingBox) -> Similarity:
        """The similarity that places the mean shape in a landmark box; see `initial_transform`."""
        mean = self.box
        left, top, right, bottom = [
            min(max(side, -COORDINATE_LIMIT), COORDINATE_LIMIT) for side in box
        ]
        width = max(right - left, MINIMAL_BOX) / (mean.right - mean.left)
        height = max(bottom - top, MINIMAL_BOX) / (mean.bottom - mean.top)
        scale = 2 / (width + height)
        x = (mean.left + mean.right - scale * (left + right)) / 2
        y = (mean.top + mean.bottom - scale * (top + bottom)) / 2
        return Similarity(complex(scale), complex(x, y))

    def fits(self, shapes: ComplexArray, fallback: Sequence[Similarity]) -> list[Similarity]:
        """Least-squares similarities from each of (N, L) shapes to the mean shape.

        The closed form of Umeyama 1991 in two dimensions. The result equals that of scikit-image's
        ``from_estimate`` to 1e-9.

        Parameters
        ----------
        shapes : (N, L) complex
            Points ``x + iy``.
        fallback : N similarities
            Used for shapes whose points all coincide: they have no similarity.
        """
        centres = shapes.sum(1, keepdims=True) / len(self.points)  # faster than mean()
        centred = shapes - centres
        products = np.vecdot(centred, self.centred).tolist()
        powers = np.vecdot(centred, centred).real.tolist()
        found = list(fallback)
        for i, (centre,) in enumerate(centres.tolist()):
            if powers[i] > COINCIDENT and products[i]:
                linear = products[i] / powers[i]
                found[i] = Similarity(linear, self.centre - linear * centre)
        return found


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
    return Target(mean_shape).initial(box).transform()


def transform_points(
    transforms: Sequence[SimilarityTransform], points: FloatArray
) -> NDArray[np.float64]:
    """Apply N transforms to (N, L, 2) points, or each of them to the same (1, L, 2) points."""
    return as_points(apply(list(map(as_similarity, transforms)), as_complex(points)))


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


def face_transform(landmarks: FloatArray, mean_shape: FloatArray) -> SimilarityTransform:
    """The transform, image to canonical frame, of (L, 2) landmarks.

    If all landmarks coincide: the initial transform of their box.
    """
    fitted = fit_similarity(landmarks, mean_shape)
    return fitted or initial_transform(bounding_box(landmarks), mean_shape)
