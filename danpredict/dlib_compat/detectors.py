"""dlib's own detectors and its predictor's argument checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from danpredict.dlib_compat.library import HAVE_DLIB, dlib, rectangle


def check_as_dlib(image: Any, rect: Any) -> None:
    """Raise the same exception as dlib's predictor for an unsupported image or rectangle.

    If dlib is installed, this calls dlib's own predictor, without a model.
    """
    if HAVE_DLIB:
        dlib.shape_predictor()(image, rect)
        return
    if not isinstance(image, np.ndarray) or not isinstance(rect, rectangle):
        raise TypeError(
            "__call__(): incompatible function arguments. The following argument types are "
            "supported:\n    1. (image: numpy.ndarray, box: rectangle) -> full_object_detection"
            f"\n\nInvoked with: {image!r}, {rect!r}"
        )
    if image.dtype != np.uint8 or not (
        image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))
    ):
        raise RuntimeError("Unsupported image type, must be 8bit gray or RGB image.")


def frontal_face_detector() -> Any:
    """The HOG detector of dlib.

    Raises
    ------
    ImportError
        dlib is not installed.
    """
    _need_dlib()
    return dlib.get_frontal_face_detector()


def cnn_face_detector(weights: Path) -> Any:
    """The CNN detector of dlib with weights from a file; raises as `frontal_face_detector`."""
    _need_dlib()
    return dlib.cnn_face_detection_model_v1(str(weights))


def _need_dlib() -> None:
    if not HAVE_DLIB:
        raise ImportError(
            "dlib's detectors need dlib: pip install 'danpredict[dlib-bin]' (a wheel) or "
            "'danpredict[dlib]' (compiles dlib)"
        )
