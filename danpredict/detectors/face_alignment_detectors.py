"""The face detectors of the package face-alignment."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.geometry.sampling import Image
from danpredict.image_input import as_color_image

PREFIX = "face-alignment-"  # of the names of detectors that other packages have too
FACE_ALIGNMENT_DETECTORS = (
    "blazeface",
    "face-alignment-dlib",
    "face-alignment-yunet",
    "retinaface",
    "scrfd",
    "sfd",
)
SOURCES = {"face-alignment-dlib": "dlib-hog", "face-alignment-yunet": "yunet"}
BLAZEFACE_SIZE = 128  # pixels; BlazeFace shrinks every picture to a square of this side


def _square(image: Image) -> Image:
    """Pad a picture with black at the right and bottom to a square.

    face-alignment rounds when it shrinks the square. The side is chosen so that the result is
    exactly `BLAZEFACE_SIZE`.
    """
    height, width = image.shape[:2]
    side = max(height, width)
    while int(side * (BLAZEFACE_SIZE / side)) != BLAZEFACE_SIZE:
        side += 1
    return np.pad(image, ((0, side - height), (0, side - width), (0, 0)))


class FaceAlignmentDetector:
    """A detector of the package face-alignment.

    Parameters
    ----------
    name : str
        One of `FACE_ALIGNMENT_DETECTORS`.
    weights : Path or None
        By default, face-alignment downloads the file. For ``"blazeface"``, ``anchors.npy`` must be
        in the same folder.
    device : str
        A torch device.

    Raises
    ------
    ImportError
        face-alignment or a package that it needs is missing.
    RuntimeError
        The weights cannot be loaded.
    """

    def __init__(self, name: str, weights: Path | None, device: str) -> None:
        try:
            module = import_module(f"face_alignment.detection.{name.removeprefix(PREFIX)}")
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            wanted = "danpredict[face-alignment]" if package == "face_alignment" else package
            raise ImportError(f"the detector {name} needs pip install '{wanted}'") from error
        options: dict[str, Any] = {}
        if weights is not None:
            options["path_to_detector"] = str(weights)
            if name == "blazeface":
                options["path_to_anchor"] = str(weights.with_name("anchors.npy"))
        try:
            self._detector = module.FaceDetector(device=device, verbose=False, **options)
        except OSError as error:  # includes the errors of urllib
            raise RuntimeError(
                f"the detector {name} could not load its weights ({error}). Without a network, "
                "download the file elsewhere and pass its path as weights"
            ) from error
        self.name, self.source = name, SOURCES.get(name, name)

    def __call__(self, image: Any) -> list[FaceBox]:
        """The boxes of all faces."""
        picture = as_color_image(image)
        if self.name == "blazeface":  # it looks only at the central square of a picture
            picture = _square(picture)
        return [face_box(row, self.source) for row in self._detector.detect_from_image(picture)]
