"""The boundary to dlib: the only file that imports it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

try:
    import dlib
except ModuleNotFoundError as error:
    raise ImportError(
        "danpredict takes and returns dlib objects, and dlib is not installed: "
        "pip install 'danpredict[dlib-bin]' (a wheel) or 'danpredict[dlib]' (compiles)"
    ) from error


# dlib's OBJECT_PART_NOT_PRESENT, which has no name in Python.
NOT_PRESENT = dlib.point(2**51 - 1, 2**51 - 1)


class Detection(dlib.full_object_detection):  # type: ignore[misc]  # dlib has no type information
    """A ``dlib.full_object_detection`` that also keeps the landmarks' fractions.

    Attributes
    ----------
    landmarks : (L, 2) float32
        x, y in image pixels; ``part(i)`` is the same rounded as dlib rounds, ``floor(x + 0.5)``.
    sigma : (L,) float32 or None
        Expected error of each landmark, image pixels; None where the model does not say.
    confidence : float or None
        Probability that this is a face, found well (mean error below 8 % of the distance of the
        outer eye corners); None where the model does not say.
    stages : (S, L, 2) float32 or None
        Landmarks after each stage, the last as in ``landmarks``.
    present : (L,) bool
        False where ``part(i)`` is dlib's "not present"; ``landmarks`` has a guess there too.
    """

    def __init__(
        self,
        rect: dlib.rectangle,
        landmarks: NDArray[np.floating],
        sigma: NDArray[np.floating] | None = None,
        confidence: float | None = None,
        stages: NDArray[np.floating] | None = None,
        present: NDArray[np.bool_] | None = None,
    ) -> None:
        self.landmarks = np.array(landmarks, np.float32)
        self.sigma = None if sigma is None else np.array(sigma, np.float32)
        self.confidence = None if confidence is None else float(confidence)
        self.stages = None if stages is None else np.array(stages, np.float32)
        self.present = np.ones(len(landmarks), bool) if present is None else present
        rounded = np.floor(self.landmarks.astype(np.float64) + 0.5).astype(np.int64).tolist()
        parts = [
            dlib.point(x, y) if there else NOT_PRESENT
            for (x, y), there in zip(rounded, self.present, strict=True)
        ]
        super().__init__(rect, parts)

    def __reduce__(self) -> tuple[Any, ...]:
        # dlib's own pickling forgets a subclass's attributes.
        return _restore, (rectangle_sides(self.rect), self.__dict__)


def _restore(sides: tuple[int, int, int, int], attributes: dict[str, Any]) -> Detection:
    names = ("landmarks", "sigma", "confidence", "stages", "present")
    detection = Detection(dlib.rectangle(*sides), *(attributes[name] for name in names))
    detection.__dict__.update(attributes)
    return detection


def rectangle_sides(rect: dlib.rectangle) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of a ``dlib.rectangle``, image pixels, inclusive.

    Raises
    ------
    TypeError
        Anything else, as dlib does.
    """
    if not isinstance(rect, dlib.rectangle):
        raise TypeError(
            f"box must be a dlib.rectangle, got {type(rect).__module__}.{type(rect).__qualname__}"
        )
    return rect.left(), rect.top(), rect.right(), rect.bottom()
