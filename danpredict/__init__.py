"""danpredict: a drop-in for ``dlib.shape_predictor`` with a Deep Alignment Network inside."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

# pip checks this too. A checkout without installation would fail later, without the reason.
if sys.version_info < (3, 11):
    raise ImportError("danpredict needs Python 3.11 or newer, got " + sys.version.split()[0])

from danpredict.alignment.align import align_face, face_chip, face_chips
from danpredict.alignment.paste import paste_face
from danpredict.alignment.templates import Template
from danpredict.boxes.calibration import fit_box_calibration
from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.detectors.load import load_detector
from danpredict.landmarks.convention import convention, conventions
from danpredict.landmarks.conversion import convert, mirror
from danpredict.model.zoo import models
from danpredict.moved import register_moved_modules
from danpredict.predictor import DANShapePredictor
from danpredict.version import __version__
from danpredict.video.tracker import Tracker

if TYPE_CHECKING:
    from danpredict.detectors.find import find_faces
    from danpredict.dlib_compat.detection import Detection
    from danpredict.dlib_compat.library import point, points, rectangle
    from danpredict.drawing.faces import draw
    from danpredict.landmarks.head_pose import HeadPose
    from danpredict.landmarks.measured import Measured
    from danpredict.training.dlib_api import test_shape_predictor, train_shape_predictor
    from danpredict.training.options import shape_predictor_training_options

__all__ = [
    "DANShapePredictor",
    "Detection",
    "FaceBox",
    "HeadPose",
    "Measured",
    "Template",
    "Tracker",
    "__version__",
    "align_face",
    "convention",
    "conventions",
    "convert",
    "draw",
    "face_box",
    "face_chip",
    "face_chips",
    "find_faces",
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

# Imported on first use: dlib and the training code take long to import, and the drop-in needs none
# of these.
LAZY = {
    "Detection": "dlib_compat.detection",
    "HeadPose": "landmarks.head_pose",
    "Measured": "landmarks.measured",
    "draw": "drawing.faces",
    "find_faces": "detectors.find",
    "point": "dlib_compat.library",
    "points": "dlib_compat.library",
    "rectangle": "dlib_compat.library",
    "shape_predictor_training_options": "training.options",
    "test_shape_predictor": "training.dlib_api",
    "train_shape_predictor": "training.dlib_api",
}


def __getattr__(name: str) -> object:
    if name in LAZY:
        return getattr(import_module(f"danpredict.{LAZY[name]}"), name)
    raise AttributeError(f"module 'danpredict' has no attribute {name!r}")


register_moved_modules()
