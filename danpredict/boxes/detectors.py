"""Face detectors behind one interface: dlib's two, and those of the package face-alignment."""

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

OF_FACE_ALIGNMENT = ("blazeface", "retinaface", "scrfd", "sfd", "yunet")
BLAZEFACE_SIDE = 128  # pixels that it shrinks a picture to
CNN_FILE = "mmod_human_face_detector.dat"

Detector = Callable[[Any], list[FaceBox]]


def detectors() -> list[str]:
    """Names that `load_detector` knows."""
    return sorted([*ALIASES, "dlib-hog", "dlib-cnn", "face-alignment-dlib", *OF_FACE_ALIGNMENT])


def check_detector(name: str) -> None:
    """Raise ValueError where no detector has this name."""
    if name not in detectors():
        near = difflib.get_close_matches(name, detectors(), 1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"expected a detector out of {detectors()}, got {name!r}{hint}")


def _color(image: Image) -> Image:
    return np.ascontiguousarray(image if image.ndim == 3 else np.repeat(image[..., None], 3, 2))


def _square(image: Image) -> Image:
    """The picture with black beside it, of a side that BlazeFace's rounding shrinks to 128."""
    height, width = image.shape[:2]
    side = max(height, width)
    while int(side * (BLAZEFACE_SIDE / side)) != BLAZEFACE_SIDE:
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
                f"dlib's CNN detector needs {CNN_FILE}: install face_recognition_models, "
                "or name the file as weights"
            )
        weights = Path(package.origin).parent / "models" / CNN_FILE
    network = cnn_face_detector(weights)

    def detect(image: Any) -> list[FaceBox]:
        return [face_box(found) for found in network(_color(as_image(image)), upsample)]

    return detect


def _face_alignment(name: str, weights: Path | None, device: str) -> Detector:
    try:
        module = import_module(f"face_alignment.detection.{name.removeprefix('face-alignment-')}")
    except ModuleNotFoundError as error:
        wanted = "danpredict[face-alignment]" if "face_alignment" in str(error) else error.name
        raise ImportError(f"the detector {name} needs pip install '{wanted}'") from error
    options: dict[str, Any] = {}
    if weights is not None:
        options["path_to_detector"] = str(weights)
        if name == "blazeface":
            options["path_to_anchor"] = str(weights.with_name("anchors.npy"))
    try:
        detector = module.FaceDetector(device=device, verbose=False, **options)
    except OSError as error:  # what urllib raises is one too
        raise RuntimeError(
            f"the detector {name} could not load its weights ({error}): without a network, "
            "download the file that face-alignment names and pass it as weights"
        ) from error
    source = "dlib-hog" if name == "face-alignment-dlib" else name

    def detect(image: Any) -> list[FaceBox]:
        picture = _color(as_image(image))
        if name == "blazeface":  # it sees the middle square alone
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
    """A face detector by name.

    Parameters
    ----------
    name : str
        ``"dlib"`` (its HOG detector), ``"dlib-cnn"``, or ``"blazeface"``, ``"retinaface"``,
        ``"scrfd"``, ``"sfd"``, ``"yunet"`` and ``"face-alignment-dlib"`` of the package
        face-alignment.
    weights : path, optional
        The detector's file; blazeface's ``anchors.npy`` lies beside it. Without it dlib-cnn takes
        the one in face_recognition_models, and face-alignment downloads its own.
    device : str
        Of torch, for face-alignment's detectors.
    upsample : int
        How often dlib's detectors double the picture first, to find smaller faces.

    Returns
    -------
    callable
        From an image, as `danpredict.DANShapePredictor` takes it, to a list of `FaceBox`.

    Raises
    ------
    ValueError
        An unknown name.
    ImportError
        A package is missing.
    FileNotFoundError, RuntimeError
        A file is missing, or cannot be loaded.
    """
    check_detector(name)
    full = ALIASES.get(name, name)
    path = None if weights is None else Path(weights)
    if path is not None and not path.is_file():
        raise FileNotFoundError(f"expected the weights of {name}, found no {path}")
    if full == "dlib-hog":
        return _dlib_hog(upsample)
    if full == "dlib-cnn":
        return _dlib_cnn(path, upsample)
    return _face_alignment(full, path, device)
