"""danpredict: a drop-in for ``dlib.shape_predictor`` with a Deep Alignment Network inside."""

from importlib import import_module
from typing import Any

from danpredict.boxes import fit_box_calibration
from danpredict.chips import Template, align_face, face_chip, face_chips, paste_face
from danpredict.conversion import convert, mirror
from danpredict.detectors import load_detector
from danpredict.facebox import FaceBox, face_box
from danpredict.layouts import convention, conventions
from danpredict.predictor import DANShapePredictor
from danpredict.shipped import models
from danpredict.tracker import Tracker
from danpredict.version import __version__

__all__ = [
    "DANShapePredictor",
    "Detection",
    "FaceBox",
    "Template",
    "Tracker",
    "__version__",
    "align_face",
    "convention",
    "conventions",
    "convert",
    "face_box",
    "face_chip",
    "face_chips",
    "fit_box_calibration",
    "load_detector",
    "mirror",
    "models",
    "paste_face",
    "point",
    "points",
    "rectangle",
    "shape_predictor_training_options",
    "test_shape_predictor",
    "train_shape_predictor",
]

# dlib's where it is installed, else their twins; looked up late, since dlib takes long to import.
LATE = {
    "Detection": "objects",
    "point": "objects",
    "points": "objects",
    "rectangle": "objects",
    "shape_predictor_training_options": "shape_training",
    "test_shape_predictor": "shape_training",
    "train_shape_predictor": "shape_training",
}


def __getattr__(name: str) -> Any:
    if name in LATE:
        return getattr(import_module(f"danpredict.{LATE[name]}"), name)
    raise AttributeError(f"module 'danpredict' has no attribute {name!r}")
