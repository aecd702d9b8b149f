"""``train_shape_predictor`` and ``test_shape_predictor``, which are called as in dlib."""

from __future__ import annotations

import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np

from danpredict.boxes.calibration import fit_box_calibration
from danpredict.datasets.face import LabelledFace
from danpredict.datasets.imglab import count_parts, read_imglab
from danpredict.extras import needs_extra
from danpredict.files.outputs import check_outputs, write_bytes
from danpredict.image_input import as_image
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.points import landmarks_of
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model
from danpredict.predictor.predictor import DANShapePredictor
from danpredict.training.options import shape_predictor_training_options

PathLike = str | os.PathLike[str]
Options = shape_predictor_training_options
NO_LABELS = "Error, the training dataset does not have any labeled object detections in it."
NOT_PRESENT = 2**50  # pixels; dlib gives larger coordinates to parts that are not present


def _call(name: str, forms: Sequence[Callable[..., Any]], *given: Any, **named: Any) -> Any:
    """Call the form of an overloaded function that the arguments belong to.

    The first argument decides: a path for the first form, a list for the others.
    """
    signatures = [inspect.signature(form) for form in forms]
    path_name = next(iter(signatures[0].parameters))
    is_path = isinstance(given[0], str | os.PathLike) if given else path_name in named
    chosen = slice(0, 1) if is_path else slice(1, None)
    for form, signature in zip(forms[chosen], signatures[chosen], strict=True):
        try:
            signature.bind(*given, **named)
        except TypeError:
            continue
        return form(*given, **named)
    expected = " or ".join(f"{name}({', '.join(s.parameters)})" for s in signatures)
    found = ", ".join([*(type(value).__name__ for value in given), *(f"{key}=" for key in named)])
    raise TypeError(f"expected {expected}, got {name}({found})")


def _faces_of(images: Sequence[Any], detections: Sequence[Iterable[Any]]) -> list[LabelledFace]:
    """Faces from dlib's arguments: a list of images, and a list of detections for each image."""
    if len(images) != len(detections):
        raise RuntimeError(
            "The length of the detections list must match the length of the images list."
        )
    faces = []
    for number, (image, per_image) in enumerate(zip(images, detections, strict=True)):
        pixels = as_image(image)
        for detection in per_image:
            landmarks = landmarks_of(detection)
            landmarks[landmarks >= NOT_PRESENT] = np.nan
            rect = detection.rect
            sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
            faces.append(LabelledFace(Path(f"image{number}"), landmarks, sides, pixels))
    return faces


def _read(path: PathLike, size: int | None = None) -> list[LabelledFace]:
    path = Path(path)
    if not path.is_file():
        raise RuntimeError(f"ERROR: unable to open {path} for reading.")
    return read_imglab(path, count_parts(path) if size is None else size)


def _train(faces: Sequence[LabelledFace], options: Options) -> Model:
    with needs_extra("training", "torch"):
        import torch

        from danpredict.training.config import load_config, without_openness
        from danpredict.training.data import TrainingData
        from danpredict.training.run import LandmarkSetup, train_on

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
    config = without_openness(load_config("lean"))
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
    initial = options.initial_weights
    initial_model = None if initial is None else read_model(find_model(initial))
    threads = torch.get_num_threads()
    torch.set_num_threads(options.num_threads or threads)
    try:
        with tempfile.TemporaryDirectory() as folder:
            model = train_on(
                data,
                LandmarkSetup(convention, calibration, "the training boxes"),
                Path(folder) / convention.name,
                config,
                recipe,
                licence=options.licence,
                initial_model=initial_model,
                progress=options.be_verbose,
            )
    except KeyboardInterrupt:  # the trainer's text names a checkpoint, which is deleted by now
        raise KeyboardInterrupt("training was stopped, and nothing was written") from None
    finally:
        torch.set_num_threads(threads)
    assert model is not None
    return model


def _train_on_file(
    dataset_filename: PathLike, predictor_output_filename: PathLike, options: Options | None = None
) -> None:
    check_outputs([Path(predictor_output_filename)], [Path(dataset_filename)])
    model = _train(_read(dataset_filename), options or Options())
    write_bytes(predictor_output_filename, model.data)


def _train_on_images(
    images: Sequence[Any],
    object_detections: Sequence[Iterable[Any]],
    options: Options | None = None,
) -> DANShapePredictor:
    model = _train(_faces_of(images, object_detections), options or Options())
    return DANShapePredictor.from_model(model)


@overload
def train_shape_predictor(
    dataset_filename: PathLike, predictor_output_filename: PathLike, options: Options | None = None
) -> None: ...
@overload
def train_shape_predictor(
    images: Sequence[Any],
    object_detections: Sequence[Iterable[Any]],
    options: Options | None = None,
) -> DANShapePredictor: ...
def train_shape_predictor(*arguments: Any, **named: Any) -> DANShapePredictor | None:
    """Train a predictor for your own landmarks.

    ``train_shape_predictor(dataset_filename, predictor_output_filename, options)`` reads an imglab
    XML file and writes a model file. The name of a part in the file is the landmark's index.

    ``train_shape_predictor(images, object_detections, options)`` takes a list of images, and for
    each image a list of ``full_object_detection``. It returns a `DANShapePredictor`.

    Parts may be missing. The boxes may come from any detector, but prediction needs boxes of the
    same detector: the positions of the landmarks in the boxes are measured.

    Parameters
    ----------
    options : shape_predictor_training_options, optional
        May be left out, unlike in dlib.

    Raises
    ------
    RuntimeError
        The XML file is missing, or no face is labelled; as in dlib.
    ValueError
        The file is damaged or unsafe, or an option is impossible.
    TypeError
        The arguments fit neither form.
    """
    forms = [_train_on_file, _train_on_images]
    predictor: DANShapePredictor | None = _call("train_shape_predictor", forms, *arguments, **named)
    return predictor


def _mean_error(
    faces: Sequence[LabelledFace], predictor: Any, scales: Sequence[float] | None = None
) -> float:
    """Mean distance of predicted landmarks from labels, in pixels or in units of the scales."""
    if not faces:
        raise RuntimeError(NO_LABELS)
    from danpredict.dlib_compat.library import rectangle

    errors = []
    for face, scale in zip(faces, scales or [1.0] * len(faces), strict=True):
        assert face.box is not None
        box = rectangle(*(round(side) for side in face.box))
        landmarks = landmarks_of(predictor(face.picture(), box))
        distance = np.linalg.norm(landmarks - face.landmarks, axis=1)
        errors.append(distance[np.isfinite(distance)] / scale)
    return float(np.concatenate(errors).mean())


def _test_on_file(dataset_filename: PathLike, predictor_filename: PathLike) -> float:
    predictor = DANShapePredictor(predictor_filename)
    return _mean_error(_read(dataset_filename, predictor.convention.size), predictor)


def _test_on_images(
    images: Sequence[Any], detections: Sequence[Iterable[Any]], shape_predictor: Any
) -> float:
    return _mean_error(_faces_of(images, detections), shape_predictor)


def _test_with_scales(
    images: Sequence[Any],
    detections: Sequence[Iterable[Any]],
    scales: Sequence[Sequence[float]],
    shape_predictor: Any,
) -> float:
    faces = _faces_of(images, detections)
    flat = [float(value) for row in scales for value in row]
    if len(flat) != len(faces):
        raise RuntimeError(f"expected a scale for each of {len(faces)} faces, got {len(flat)}")
    return _mean_error(faces, shape_predictor, flat)


@overload
def test_shape_predictor(dataset_filename: PathLike, predictor_filename: PathLike) -> float: ...
@overload
def test_shape_predictor(
    images: Sequence[Any], detections: Sequence[Iterable[Any]], shape_predictor: Any
) -> float: ...
@overload
def test_shape_predictor(
    images: Sequence[Any],
    detections: Sequence[Iterable[Any]],
    scales: Sequence[Sequence[float]],
    shape_predictor: Any,
) -> float: ...
def test_shape_predictor(*arguments: Any, **named: Any) -> float:
    """Mean distance of a predictor's landmarks from the labels.

    ``test_shape_predictor(dataset_filename, predictor_filename)`` takes an imglab XML file and a
    model, and returns pixels.

    ``test_shape_predictor(images, detections, shape_predictor)`` takes the lists of
    `train_shape_predictor` and a predictor, of danpredict or of dlib.

    ``test_shape_predictor(images, detections, scales, shape_predictor)`` divides the distances of
    each face by its scale. ``scales`` has one list per image, with one number per detection.

    Missing parts do not count.

    Raises
    ------
    RuntimeError, ValueError, TypeError
        As `train_shape_predictor`. A missing model raises the same as `DANShapePredictor`.
    """
    forms: list[Callable[..., float]] = [_test_on_file, _test_on_images, _test_with_scales]
    error: float = _call("test_shape_predictor", forms, *arguments, **named)
    return error


test_shape_predictor.__test__ = False  # type: ignore[attr-defined]  # pytest: not a test
