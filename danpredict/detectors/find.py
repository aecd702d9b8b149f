"""`find_faces`: from a picture, or its file, to the landmarks of all faces."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danpredict.detectors.load import Detector, load_detector
from danpredict.files.pictures import read_picture

if TYPE_CHECKING:
    from danpredict.dlib_compat.detection import Detection
    from danpredict.predictor import DANShapePredictor

# dlib's HOG detector finds a second "face" in the astronaut's picture saved as JPEG; its confidence
# is 0.002. The tracker ends its tracks at the same limit.
MIN_CONFIDENCE = 0.3


@cache
def named_detector(name: str, upsample: int) -> Detector:
    """A detector without a weights file, loaded once: dlib's takes half a second."""
    return load_detector(name, upsample=upsample)


@cache
def default_predictor() -> DANShapePredictor:
    """The predictor of the default model, loaded once."""
    from danpredict.predictor import DANShapePredictor

    return DANShapePredictor()


def find_faces(
    image: Any,
    *,
    detector: str | Callable[[Any], Iterable[Any]] = "auto",
    predictor: DANShapePredictor | None = None,
    upsample: int = 0,
) -> list[Detection]:
    """Find all faces of a picture and their landmarks.

    The detector and the default predictor are loaded in the first call and kept for the next ones.

    Parameters
    ----------
    image : path, or image as `danpredict.DANShapePredictor` accepts it
        A file is read as RGB and turned upright by its EXIF orientation, so landmarks refer to
        the upright picture.
    detector : str or callable
        A name that `danpredict.load_detector` knows; or a loaded detector of `load_detector`, of
        dlib, or another callable that takes the image and returns boxes.
    predictor : DANShapePredictor, optional
        By default, one with the default model.
    upsample : int
        How often the picture is first doubled in size, to find smaller faces. Only for detectors
        that are given by their name; see `danpredict.load_detector`.

    Returns
    -------
    list of Detection
        In the detector's order. Empty if there is no face. Boxes whose landmarks have a confidence
        below 0.3 are left out: nearly all of them are no faces.

    Raises
    ------
    FileNotFoundError
        No file of that name, or the detector's weights are missing.
    ValueError
        The file is not a picture, the detector is unknown, or ``upsample`` was given with a
        detector that is already loaded.
    TypeError, RuntimeError
        Not an image.
    ImportError
        The detector's package is missing.
    """
    if callable(detector):
        if upsample:
            raise ValueError(
                "expected upsample 0 with a detector that is already loaded, got "
                f"{upsample}: pass upsample to danpredict.load_detector instead"
            )
        find = detector
    else:
        find = named_detector(detector, upsample)
    if isinstance(image, str | os.PathLike):
        image = read_picture(Path(image), upright=True)
    faces = (predictor or default_predictor()).predict(image, find(image))
    return [f for f in faces if f.confidence is None or f.confidence >= MIN_CONFIDENCE]
