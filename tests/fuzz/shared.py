"""What several kinds of input need, made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict import DANShapePredictor
from danpredict.dlib_compat.state import PART_LIMIT
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model

SMALLEST = "lean68-int8"
SIDES = (75, 45, 135, 105)  # of the face in `face_picture`


@cache
def face_picture() -> NDArray[np.uint8]:
    """(200, 200, 3) uint8 RGB, one face."""
    from skimage import data

    astronaut = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(astronaut[50:250, 120:320])


@cache
def predictor() -> DANShapePredictor:
    """The one that is damaged nowhere."""
    return DANShapePredictor(SMALLEST, threads=1)


@cache
def model() -> Model:
    """The smallest shipped model."""
    return read_model(Path(find_model(SMALLEST)))


def check_detection(detection: Any) -> None:
    """Landmarks that are present are finite, and in a range that dlib can hold."""
    known = detection.landmarks[detection.present]
    assert np.isfinite(known).all(), known
    assert (np.abs(known) < PART_LIMIT).all(), known
    assert detection.sigma is None or not np.isinf(detection.sigma).any(), detection.sigma
    assert len(detection.parts()) == detection.num_parts == len(detection.landmarks)
