"""`landmarks_of`: the landmarks of a detection of danpredict or dlib, or of an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def landmarks_of(face: Any) -> NDArray[np.float64]:
    """Landmarks (L, 2) of a face, x, y in image pixels, as a new array.

    Parameters
    ----------
    face : detection of danpredict or dlib, or landmarks (L, 2)
        Fractions of a pixel are used if the detection has them.

    Raises
    ------
    ValueError
        An array of another shape, or of other things than numbers.
    """
    if hasattr(face, "landmarks"):
        points = face.landmarks
    elif hasattr(face, "parts"):
        points = np.array([(p.x, p.y) for p in face.parts()], float).reshape(-1, 2)
    else:
        points = face
    try:
        landmarks = np.array(points, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"expected a detection or landmarks (L, 2), got {type(face).__name__} {face!r:.80}"
        ) from error
    if landmarks.ndim != 2 or landmarks.shape[1] != 2:
        raise ValueError(f"expected a detection or landmarks (L, 2), got shape {landmarks.shape}")
    return landmarks
