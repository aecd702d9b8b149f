"""A similarity transform as two complex numbers: what the cascade computes with.

With ``z = x + iy``, a similarity without reflection is ``z -> linear * z + shift``. Users see
``skimage.transform.SimilarityTransform``. Importing it takes long, building one takes 2
microseconds and inverting it 6; with these numbers both take less than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

ComplexArray = NDArray[np.complex128]


class Similarity(NamedTuple):
    """A similarity transform, ``z -> linear * z + shift``."""

    linear: complex
    shift: complex

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> Similarity:
        """From the upper rows of a transform's matrix."""
        (cos, _, x), (sin, _, y) = rows[:2]
        return cls(complex(cos, sin), complex(x, y))

    def rows(self) -> list[list[float]]:
        """The upper two rows of the transform's (3, 3) matrix."""
        (cos, sin), shift = (self.linear.real, self.linear.imag), self.shift
        return [[cos, -sin, shift.real], [sin, cos, shift.imag]]

    def inverse(self) -> Similarity:
        """The inverse transform; ZeroDivisionError if ``linear`` is 0."""
        linear = 1 / self.linear
        return Similarity(linear, -self.shift * linear)

    def after(self, first: Similarity) -> Similarity:
        """The transform that applies ``first``, then this one."""
        return Similarity(self.linear * first.linear, self.linear * first.shift + self.shift)

    def moved(self, x: float, y: float) -> Similarity:
        """The transform of the same face after it moved by (x, y) image pixels."""
        return Similarity(self.linear, self.shift - self.linear * complex(x, y))

    def __call__(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Apply the transform to (..., 2) points."""
        return as_points(as_complex(points) * self.linear + self.shift)

    def transform(self) -> SimilarityTransform:
        """The same transform as an object of scikit-image."""
        from skimage.transform import SimilarityTransform

        matrix = np.array([*self.rows(), [0, 0, 1]])
        return SimilarityTransform(matrix=matrix)  # type: ignore[no-untyped-call]


Placement: TypeAlias = "Similarity | SimilarityTransform"  # what callers may pass


def as_similarity(transform: Placement) -> Similarity:
    """The numbers of a transform of scikit-image; numbers are returned unchanged."""
    if isinstance(transform, Similarity):
        return transform
    return Similarity.from_rows(transform.params.tolist())


def as_complex(points: NDArray[np.floating]) -> ComplexArray:
    """(..., 2) points as (...) complex ``x + iy``."""
    return np.ascontiguousarray(points, np.float64).view(np.complex128)[..., 0]


def as_points(numbers: ComplexArray) -> NDArray[np.float64]:
    """(...) complex numbers as (..., 2) points: the inverse of `as_complex`, without a copy."""
    return numbers[..., None].view(np.float64)


def apply(similarities: Sequence[Similarity], numbers: ComplexArray) -> ComplexArray:
    """Apply N similarities to (N, L) complex points, or each to the same (1, L) points."""
    both = np.array(similarities)  # (N, 2)
    return np.asarray(numbers * both[:, :1] + both[:, 1:])
