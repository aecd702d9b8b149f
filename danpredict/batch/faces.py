"""How the faces of pictures are found: the detector, the model, and a hash of both."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from danpredict.landmarks.convention import Convention, convention

if TYPE_CHECKING:
    from danpredict.detectors.load import Detector
    from danpredict.model.file import Model
    from danpredict.predictor.predictor import DANShapePredictor


class FaceOptions(NamedTuple):
    """How faces are found.

    Attributes
    ----------
    model : str or None
        See `danpredict.DANShapePredictor`.
    detector : str
        See `danpredict.load_detector`.
    weights : Path or None
        The detector's file.
    upsample : int
        How often pictures are doubled in size; see `danpredict.load_detector`.
    convention : str or None
        Of the landmarks; the model's own by default.
    """

    model: str | None
    detector: str
    weights: Path | None = None
    upsample: int = 0
    convention: str | None = None


def load_faces(options: FaceOptions, *, steady: bool = False) -> tuple[Detector, DANShapePredictor]:
    """Load the detector and the predictor, which runs on one thread.

    Parameters
    ----------
    options : FaceOptions
    steady : bool
        See `danpredict.DANShapePredictor`.

    Raises
    ------
    ValueError, ImportError, RuntimeError, OSError
        The detector or the model cannot be loaded.
    """
    from danpredict.detectors.load import load_detector
    from danpredict.predictor.predictor import DANShapePredictor

    detector = load_detector(options.detector, weights=options.weights, upsample=options.upsample)
    convention = options.convention
    return detector, DANShapePredictor(
        options.model, threads=1, convention=convention, steady=steady
    )


def _model(options: FaceOptions) -> Model:
    from danpredict.model.file import read_model
    from danpredict.model.zoo import find_model, read_default

    return read_default() if options.model is None else read_model(find_model(options.model))


def convention_of(options: FaceOptions) -> Convention:
    """The convention of the landmarks that these options give."""
    name = options.convention
    return _model(options).convention if name is None else convention(name)


def options_key(options: FaceOptions, *others: object) -> str:
    """A hash of all options and the model; ``others`` are what JSON can write."""
    from danpredict.detectors.load import full_name
    from danpredict.model.zoo import VARIABLE, VIDEO_MODEL, read_default

    model = _model(options)
    weights = options.weights
    digest = None if weights is None else hashlib.sha256(weights.read_bytes()).hexdigest()
    values = [*others, full_name(options.detector), digest, options.upsample, model.info]
    if options.convention is not None:
        values.append(options.convention)
    if full_name(options.detector) == "builtin" and os.environ.get(VARIABLE):
        values.append(read_default(VIDEO_MODEL).info)  # the detector runs this model
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
