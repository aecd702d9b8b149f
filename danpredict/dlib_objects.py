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


class Detection(dlib.full_object_detection):  # type: ignore[misc]  # dlib has no type information
    """A ``dlib.full_object_detection`` that also keeps the landmarks' fractions.

    Attributes
    ----------
    landmarks : (L, 2) float32
        x, y in image pixels; ``part(i)`` is the same rounded as dlib rounds, ``floor(x + 0.5)``.
    """

    def __init__(self, rect: dlib.rectangle, landmarks: NDArray[np.floating]) -> None:
        self.landmarks = np.array(landmarks, np.float32)
        rounded = np.floor(self.landmarks.astype(np.float64) + 0.5).astype(np.int64)
        super().__init__(rect, [dlib.point(x, y) for x, y in rounded.tolist()])

    def __reduce__(self) -> tuple[Any, ...]:
        # dlib's own pickling forgets a subclass's attributes.
        return _restore, (rectangle_sides(self.rect), self.__dict__)


def _restore(sides: tuple[int, int, int, int], attributes: dict[str, Any]) -> Detection:
    detection = Detection(dlib.rectangle(*sides), attributes["landmarks"])
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
