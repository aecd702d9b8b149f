"""Pseudo-labels: the mean of several teachers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor, convention, convert, mirror
from danpredict.datasets.dataset import read_folder
from danpredict.datasets.face import LabelledFace
from danpredict.training.pseudo_labels.coarse import CoarseFace, from_landmarks
from danpredict.training.pseudo_labels.estimate import estimates
from danpredict.training.pseudo_labels.label import label_dataset, label_faces
from danpredict.training.pseudo_labels.teacher import CascadeTeacher, Teacher, load

from ..conftest import Image
from ..faces import drawn_face
from ..labelling import LAYOUT, Fixed, drawn, error


def test_mirrored_picture_gives_mirrored_labels(
    teachers: list[Teacher], astronaut: Image, rect: Any, predictor: DANShapePredictor
) -> None:
    truth = predictor(astronaut, rect).landmarks
    flipped = np.ascontiguousarray(astronaut[:, ::-1])
    width = astronaut.shape[1]
    faces = [
        LabelledFace(Path("face.png"), truth, image=astronaut),
        LabelledFace(Path("mirrored.png"), mirror(truth, "ibug68", width), image=flipped),
    ]
    as_is, other = label_faces(teachers, from_landmarks(faces))
    assert as_is is not None
    assert other is not None
    back = mirror(other, "ibug68", width)
    assert (np.isnan(back) == np.isnan(as_is)).all()
    assert error(back, as_is) < 0.005
    assert error(as_is, truth) < 0.03


def test_estimates_know_where_a_rolled_face_is(
    teachers: list[Teacher], astronaut: Image, rect: Any, predictor: DANShapePredictor
) -> None:
    truth = predictor(astronaut, rect).landmarks
    matrix = cv2.getRotationMatrix2D(truth.mean(0).tolist(), 60, 1.0)
    image = np.asarray(cv2.warpAffine(astronaut, matrix, astronaut.shape[1::-1]), np.uint8)
    rolled = truth @ matrix[:, :2].T + matrix[:, 2]
    points = convert(rolled, "ibug68", "arcface5")
    coarse = CoarseFace(LabelledFace(Path(), rolled), points, drawn().weights)
    for teacher in teachers:
        found = estimates(teacher, image, coarse, np.random.default_rng(0))
        assert found.shape == (6, 68, 2)
        assert error(found.mean(0), rolled) < 0.04


def test_teachers_that_disagree_drop_a_face() -> None:
    moved = drawn_face()
    moved[:, 0] += 12
    assert label_faces([Fixed(drawn_face()), Fixed(moved)], [drawn()]) == [None]


def test_points_that_are_marked_elsewhere_on_every_face_do_not_count() -> None:
    labels = label_faces([Fixed(drawn_face()), Fixed(drawn_face())], [drawn(shift=7)] * 3)
    assert all(label is not None for label in labels)
    faces = [drawn(), drawn(), drawn(shift=7)]
    labels = label_faces([Fixed(drawn_face()), Fixed(drawn_face())], faces)
    assert [label is None for label in labels] == [False, False, True]


def test_partial_labels_say_where_a_face_is(teachers: list[Teacher], pictures: Path) -> None:
    faces = read_folder(pictures)
    truth = [face.landmarks.copy() for face in faces]
    for i, face in enumerate(faces):
        face.landmarks[:17] = np.nan
        face.landmarks[20 + i] = np.nan  # no landmark has to be there on all faces
    for label, expected in zip(label_faces(teachers, from_landmarks(faces)), truth, strict=True):
        assert label is not None
        assert np.isfinite(label[:17]).all()
        assert error(label, expected) < 0.04
    faces[0].landmarks[:] = np.nan
    with pytest.raises(ValueError, match=r"two different points.*face_000"):
        from_landmarks(faces)


def test_an_integral_teacher_labels(dataset: Path, pictures: Path, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the extra 'teachers' is missing")
    import torch

    from danpredict.training.teachers.integral import IntegralTeacher
    from danpredict.training.tiles import canonical_mean_shape

    mean = canonical_mean_shape(read_folder(dataset), LAYOUT.mirror, 160, 1.4)
    torch.manual_seed(0)
    network = IntegralTeacher(torch.from_numpy(mean).float(), 160)
    path = tmp_path / "teacher.pt"
    torch.save({"size": 160, "region": 1.4, "weights": network.state_dict()}, path)
    teacher = load(str(path))
    face = from_landmarks(read_folder(pictures))[0]
    found = estimates(teacher, face.face.picture(), face, np.random.default_rng(0))
    # Untrained, it says the mean shape where it was told that the face is.
    assert found.shape == (6, 68, 2)
    assert error(found.mean(0), face.points) < 0.3
    out = pictures / "labels.csv"
    assert label_dataset([str(path), "lean68"], pictures, out).faces == 5
    with pytest.raises(ValueError, match="expected a teacher"):
        load(str(shutil.copy(face.face.path, tmp_path / "picture.pt")))


def test_teachers_of_different_conventions_are_refused() -> None:
    class Other(Fixed):
        convention = convention("ibug49")

    with pytest.raises(ValueError, match="same convention, got ibug49, ibug68"):
        label_faces([Fixed(drawn_face()), Other(drawn_face())], [drawn()])
    assert isinstance(load("lean68"), CascadeTeacher)


def test_models_label_without_torch() -> None:
    code = (
        "import sys; from danpredict.training.pseudo_labels.label import load; load('lean68'); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
