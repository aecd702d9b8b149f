"""The ``train_shape_predictor`` and ``test_shape_predictor`` of dlib, for dlib's files."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes.calibration import fit_box_calibration
from danpredict.datasets.face import LabelledFace
from danpredict.datasets.imglab import count_parts, read_imglab
from danpredict.evaluation.evaluate import landmarks_of
from danpredict.extras import needs_extra
from danpredict.files.outputs import check_outputs, write_bytes
from danpredict.image_input import as_image
from danpredict.landmarks.convention import Convention
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model
from danpredict.predictor.options import Options
from danpredict.predictor.predictor import DANShapePredictor

PathLike = str | os.PathLike[str]
NO_LABELS = "Error, the training dataset does not have any labeled object detections in it."


@dataclass
class shape_predictor_training_options:  # noqa: N801  # dlib's name
    """How to train; where dlib has an option that makes sense here, it has dlib's name.

    Attributes
    ----------
    faces : int
        How many varied faces the network sees. A hundred thousand take some twenty minutes on two
        cores.
    cascade_depth : int
        Stages; dlib's default is 10 of its small ones.
    oversampling_translation_jitter : float
        Standard deviation of the start's position, in sides of the landmarks' box.
    random_seed : str
        Any text; the same text and data give the same model on the same machine.
    num_threads : int
        0 for all cores.
    be_verbose : bool
        Show a progress bar.
    mirror : sequence of int, optional
        ``mirror[i]`` is the part that takes place ``i`` in a mirrored picture. Without it no
        picture is mirrored.
    eyes : pair of int, optional
        The outer eye corners, whose distance then normalises errors; without it half the diagonal
        of the landmarks' box does.
    start : str, optional
        A model to begin from, by name or file; its layers before the landmarks are taken over.
    licence : str
        Of the model to be made; kept in its file.
    """

    faces: int = 100_000
    cascade_depth: int = 2
    oversampling_translation_jitter: float = 0.1
    random_seed: str = ""
    num_threads: int = 0
    be_verbose: bool = False
    mirror: Sequence[int] | None = None
    eyes: tuple[int, int] | None = None
    start: str | None = None
    licence: str = "the terms of the training data apply"

    def __setattr__(self, name: str, value: Any) -> None:
        # A misspelt option, or one of dlib's trees, would otherwise be ignored.
        if name not in self.__dataclass_fields__:
            known = sorted(self.__dataclass_fields__)
            raise AttributeError(f"expected one of the options {known}, got {name!r}")
        object.__setattr__(self, name, value)


def _faces_of(images: Sequence[Any], detections: Sequence[Iterable[Any]]) -> list[LabelledFace]:
    """The lists of images and of detections per image that dlib takes, as faces."""
    if len(images) != len(detections):
        raise RuntimeError(
            "The length of the detections list must match the length of the images list."
        )
    faces = []
    for number, (image, found) in enumerate(zip(images, detections, strict=True)):
        pixels = as_image(image)
        for detection in found:
            landmarks = landmarks_of(detection)
            landmarks[landmarks >= 2**50] = np.nan  # dlib's "not present"
            rect = detection.rect
            sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
            faces.append(LabelledFace(Path(f"image{number}"), landmarks, sides, pixels))
    return faces


def _train(faces: Sequence[LabelledFace], options: shape_predictor_training_options) -> Model:
    with needs_extra("training", "torch"):
        import torch

        from danpredict.training.config import load_config
        from danpredict.training.run import Setting, TrainingData, train_on

    faces = [face for face in faces if np.isfinite(face.landmarks).any()]
    if not faces:
        raise RuntimeError(NO_LABELS)
    size = len(faces[0].landmarks)
    mirror = None if options.mirror is None else tuple(options.mirror)
    convention = Convention(
        f"custom{size}", size, mirror, eyes=options.eyes, source="the user's own"
    )
    boxes = np.array([face.box for face in faces], float)
    calibration = fit_box_calibration(boxes, np.stack([face.landmarks for face in faces]))
    config = load_config("lean")
    config = replace(
        config,
        convention=convention.name,
        network=replace(config.network, landmarks=size, stages=options.cascade_depth),
        augment=replace(config.augment, shift=options.oversampling_translation_jitter),
        schedule=replace(config.schedule, faces=options.faces),
    )
    data = TrainingData()
    data.add("train_shape_predictor", faces, validation=0.0)
    digest = hashlib.sha256(options.random_seed.encode()).digest()
    recipe = {"seed": int.from_bytes(digest[:4], "big") if options.random_seed else 0}
    start = None if options.start is None else read_model(find_model(options.start))
    threads = torch.get_num_threads()
    torch.set_num_threads(options.num_threads or threads)
    try:
        with tempfile.TemporaryDirectory() as folder:
            model = train_on(
                data,
                Setting(convention, calibration, "the training boxes"),
                Path(folder) / convention.name,
                config,
                recipe,
                licence=options.licence,
                initial_model=start,
                progress=options.be_verbose,
            )
    except KeyboardInterrupt:  # its own text speaks of a checkpoint, which went with the folder
        raise KeyboardInterrupt("training was stopped, and nothing was written") from None
    finally:
        torch.set_num_threads(threads)
    assert model is not None
    return model


def train_shape_predictor(*arguments: Any) -> DANShapePredictor | None:
    """Train a predictor of one's own landmarks, called as dlib's function of this name.

    ``train_shape_predictor(xml, model[, options])`` reads an imglab XML file and writes a model
    file. ``train_shape_predictor(images, detections[, options])`` takes a list of images and a list
    of lists of ``full_object_detection`` and returns a predictor. A part of an XML file has its
    index for a name; parts may be missing. Boxes may come from any detector, as long as it is the
    one that the predictor is to be used with: where the landmarks lie in them is measured.

    Parameters
    ----------
    options : shape_predictor_training_options, optional

    Raises
    ------
    RuntimeError
        The XML file is missing or no face is labelled, as with dlib.
    ValueError
        The file is damaged or unsafe, or an option makes no sense.
    """
    first, second, *rest = arguments
    options = rest[0] if rest else shape_predictor_training_options()
    if not isinstance(first, str | os.PathLike):
        model = _train(_faces_of(first, second), options)
        predictor = DANShapePredictor.__new__(DANShapePredictor)
        predictor.__setstate__({"data": model.data, "options": Options()})
        return predictor
    check_outputs([Path(second)], [Path(first)])
    model = _train(_read(first), options)
    write_bytes(second, model.data)
    return None


def _read(path: PathLike, size: int | None = None) -> list[LabelledFace]:
    path = Path(path)
    if not path.is_file():
        raise RuntimeError(f"ERROR: unable to open {path} for reading.")
    return read_imglab(path, count_parts(path) if size is None else size)


def test_shape_predictor(*arguments: Any) -> float:
    """Mean distance of a predictor's parts from the labels, called as dlib's function of this name.

    ``test_shape_predictor(xml, model)``, in pixels; or ``test_shape_predictor(images, detections[,
    scales], predictor)``, where ``scales`` are what each face's distances are divided by. Missing
    parts do not count.

    Raises
    ------
    RuntimeError, ValueError
        As `train_shape_predictor`; a missing model as `DANShapePredictor`.
    """
    scales: list[float] | None = None
    if isinstance(arguments[0], str | os.PathLike):
        xml, model = arguments
        predictor = DANShapePredictor(model)
        faces = _read(xml, predictor.convention.size)
    else:
        images, detections, *given, predictor = arguments
        faces = _faces_of(images, detections)
        if given:
            scales = [float(value) for row in given[0] for value in row]
            if len(scales) != len(faces):
                raise RuntimeError(f"expected a scale for each of {len(faces)} faces")
    if not faces:
        raise RuntimeError(NO_LABELS)
    from danpredict.dlib_compat.library import rectangle

    errors = []
    for number, face in enumerate(faces):
        assert face.box is not None
        box = rectangle(*(round(side) for side in face.box))
        distance = np.linalg.norm(
            landmarks_of(predictor(face.picture(), box)) - face.landmarks, axis=1
        )
        errors.append(distance[np.isfinite(distance)] / (scales[number] if scales else 1))
    return float(np.concatenate(errors).mean())


test_shape_predictor.__test__ = False  # type: ignore[attr-defined]  # pytest: this is no test
