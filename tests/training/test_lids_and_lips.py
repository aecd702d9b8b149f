"""Lids and lips of pseudo-labels: from one teacher, or left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from danpredict.datasets.dataset import read_folder
from danpredict.landmarks.gaps import gaps
from danpredict.landmarks.openness import LID_PAIRS
from danpredict.training.pseudo_labels.coarse import from_landmarks
from danpredict.training.pseudo_labels.combine import combine
from danpredict.training.pseudo_labels.estimate import estimates
from danpredict.training.pseudo_labels.label import label_faces
from danpredict.training.pseudo_labels.lids_and_lips import OPENNESS_POINTS
from danpredict.training.pseudo_labels.teacher import Teacher

from ..faces import drawn_face
from ..labelling import LAYOUT, OTHERS, PAIRS, Fixed, drawn


def test_lids_and_lips_come_from_the_named_teacher(teachers: list[Teacher], pictures: Path) -> None:
    faces = from_landmarks(read_folder(pictures))
    plain = label_faces(teachers, faces)
    for chosen, teacher in enumerate(teachers):
        for number, (face, label) in enumerate(
            zip(faces, label_faces(teachers, faces, chosen), strict=True)
        ):
            rng = np.random.default_rng(number)
            its = estimates(teacher, face.face.picture(), face, rng).mean(0)
            assert label is not None
            labelled = gaps(label, PAIRS)
            there = np.isfinite(labelled)
            assert there.any()
            np.testing.assert_allclose(labelled[there], gaps(its, PAIRS)[there], atol=1e-9)
            mean = plain[number]
            assert mean is not None
            np.testing.assert_array_equal(label[OTHERS], mean[OTHERS])


def test_disputed_lids_are_left_out_and_the_rest_is_the_mean() -> None:
    shut, wide = drawn_face(ear=0.1), drawn_face(ear=0.4)
    (label,) = label_faces([Fixed(shut), Fixed(wide)], [drawn()])
    assert label is not None
    lids = np.unique(LID_PAIRS)
    assert np.isnan(label[lids]).all()
    rest = np.setdiff1d(range(68), lids)
    np.testing.assert_allclose(label[rest], ((shut + wide) / 2)[rest])
    for chosen, expected in enumerate((shut, wide)):
        (named,) = label_faces([Fixed(shut), Fixed(wide)], [drawn()], chosen)
        assert named is not None
        np.testing.assert_allclose(gaps(named, PAIRS), gaps(expected, PAIRS))


def test_an_unsteady_teacher_says_nothing_about_openness() -> None:
    steady, unsteady = Fixed(drawn_face()), Fixed(drawn_face(), noise=2.0)
    found = [
        estimates(teacher, np.zeros((224, 224), np.uint8), drawn(), np.random.default_rng(0))
        for teacher in (steady, unsteady)
    ]
    sure = combine(found, drawn(), Fixed.mean_shape, LAYOUT, openness=0)
    assert np.isfinite(sure.landmarks).all()
    doubtful = combine(found, drawn(), Fixed.mean_shape, LAYOUT, openness=1)
    assert np.isnan(doubtful.landmarks[list(OPENNESS_POINTS)]).all()
    assert np.isfinite(doubtful.landmarks[OTHERS]).all()
