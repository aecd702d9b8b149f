"""Pseudo-labels: the mean of several teachers, from five points or coarse landmarks."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict import DANShapePredictor, convention, convert, mirror
from danpredict.cascade import Cascade, Refined
from danpredict.cli import main
from danpredict.conversion import conversion
from danpredict.datasets import LabelledFace, read_csv, read_dataset, read_folder
from danpredict.metrics import inter_ocular, normalised_errors
from danpredict.model_file import read_model
from danpredict.openness import LID_PAIRS, LIP_PAIRS
from danpredict.relabel import relabel
from danpredict.shipped import find_model
from danpredict.training.pseudo_labels.coarse import (
    FIVE_COLUMNS,
    CoarseFace,
    from_landmarks,
    read_coarse,
    read_five_points,
)
from danpredict.training.pseudo_labels.combine import combine
from danpredict.training.pseudo_labels.estimate import estimates
from danpredict.training.pseudo_labels.label import label_dataset, label_faces
from danpredict.training.pseudo_labels.lids_and_lips import OPENNESS_POINTS, gaps
from danpredict.training.pseudo_labels.teacher import CascadeTeacher, Teacher, load

from .conftest import Image
from .faces import drawn_face

LAYOUT = convention("ibug68")
PAIRS = (*LID_PAIRS, *LIP_PAIRS)
OTHERS = np.setdiff1d(range(68), OPENNESS_POINTS)


def error(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Mean distance over the inter-ocular distance, of landmarks (68, 2)."""
    return float(normalised_errors(found[None], truth[None], inter_ocular(truth[None], LAYOUT))[0])


def write_five(folder: Path, faces: Sequence[LabelledFace], by: str = "hand") -> Path:
    """A table of five points of annotated faces, with the columns of a data set."""
    table = folder / "points5.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "by", "confidence", *FIVE_COLUMNS])
        for face in faces:
            points = convert(face.landmarks, "ibug68", "arcface5")
            place = face.path.relative_to(folder).as_posix()
            writer.writerow([place, by, "0.99", *(f"{v:.2f}" for v in points.ravel())])
    return table


@pytest.fixture
def pictures(dataset: Path, tmp_path: Path) -> Path:
    """Five of the astronauts in a folder of their own, which may be written to."""
    folder = tmp_path / "set" / "images"
    folder.mkdir(parents=True)
    for i in range(5):
        for suffix in ("png", "pts"):
            shutil.copy(dataset / f"face_{i:03}.{suffix}", folder)
    return folder.parent


@pytest.fixture(scope="module")
def teachers() -> list[Teacher]:
    return [load("lean68"), load("slim68")]


class Fixed:
    """A teacher that always draws the same face, whatever it is shown."""

    layout, size = LAYOUT, 112
    mean_shape = drawn_face() / 2

    def __init__(self, landmarks: NDArray[np.float64], noise: float = 0.0) -> None:
        self.landmarks, self.noise = landmarks, noise

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]:
        found = np.repeat(self.landmarks[None], len(images), 0)
        found[1::2] = mirror(found[1::2], "ibug68", images[0].shape[1])
        return found + np.random.default_rng(0).normal(0, self.noise, found.shape)


def drawn(ear: float = 0.3, shift: float = 0.0) -> CoarseFace:
    """A drawn face on an empty picture; its five points lie ``shift`` pixels to the side."""
    face = LabelledFace(Path("face.png"), drawn_face(ear), image=np.zeros((224, 224), np.uint8))
    points = convert(face.landmarks, "ibug68", "arcface5")
    points[:, 0] += shift
    return CoarseFace(face, points, conversion(LAYOUT, convention("arcface5")).weights)


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


def test_labels_of_a_five_point_table_are_read_back(pictures: Path) -> None:
    truth = read_folder(pictures)
    table = write_five(pictures, truth)
    out = pictures.parent / "labels.csv"
    counts = label_dataset(["lean68", "slim68"], table, out, openness="slim68")
    assert (counts.faces, counts.kept) == (5, 5)
    new = read_csv(out, 68)
    assert [face.path for face in new] == [face.path for face in truth]
    assert out.read_text("utf-8").splitlines()[1].startswith("set/images/face_000.png,")
    for face, expected in zip(new, truth, strict=True):
        assert np.isfinite(face.landmarks[OTHERS]).all()
        assert error(face.landmarks, expected.landmarks) < 0.04


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


def test_teachers_that_disagree_drop_a_face() -> None:
    moved = drawn_face()
    moved[:, 0] += 12
    assert label_faces([Fixed(drawn_face()), Fixed(moved)], [drawn()]) == [None]


def test_a_face_whose_five_points_lie_elsewhere_is_dropped(pictures: Path) -> None:
    faces = read_folder(pictures)
    faces[2].landmarks[:] += 25
    table = write_five(pictures, faces)
    out = pictures / "labels.csv"
    assert label_dataset(["lean68", "slim68"], table, out).kept == 4
    names = [face.path.name for face in read_csv(out, 68)]
    assert names == [face.path.name for i, face in enumerate(faces) if i != 2]


def test_points_of_a_detector_may_lie_farther_off(pictures: Path) -> None:
    faces = read_folder(pictures)
    out = pictures / "labels.csv"
    eyes = inter_ocular(faces[2].landmarks[None], LAYOUT)[0]
    for off, by, expected in ((0.08, "yunet", 5), (0.08, "hand", 4), (0.16, "yunet", 4)):
        shift = off * eyes
        faces[2].landmarks[:, 0] += shift
        table = write_five(pictures, faces, by)
        faces[2].landmarks[:, 0] -= shift
        assert label_dataset(["slim68"], table, out).kept == expected


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


def test_the_command(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = write_five(pictures, read_folder(pictures)), pictures / "labels.csv"
    command = ["relabel", "lean68", str(table), "--out"]
    assert main([*command, str(out), "--teacher", "slim68", "--openness", "lean68"]) == 0
    assert "5 of 5 faces" in capsys.readouterr().out
    first = out.read_bytes()
    label_dataset(["lean68", "slim68"], table, out, "lean68")
    assert out.read_bytes() == first
    assert main([*command, str(out)]) == 0  # one model, from five points
    assert len(read_csv(out, 68)) == 5
    assert main([*command, str(out), "--openness", "slim68"]) == 2
    assert "expected --openness out of ['lean68'], got 'slim68'" in capsys.readouterr().err
    elsewhere = pictures.parent / "elsewhere"
    elsewhere.mkdir()
    assert main([*command, str(elsewhere / "labels.csv")]) == 2
    assert "in the pictures' folder or above" in capsys.readouterr().err
    assert not list(elsewhere.iterdir())


def test_damaged_five_point_tables(pictures: Path) -> None:
    table = write_five(pictures, read_folder(pictures))
    good = table.read_text("utf-8")
    assert len(read_coarse(table, LAYOUT)) == 5
    table.write_text(good.replace("x4", "z4"), "utf-8")
    with pytest.raises(ValueError, match=r"expected the columns .* got no x4"):
        read_five_points(table, LAYOUT)
    table.write_text(good.rsplit(",", 1)[0], "utf-8")
    with pytest.raises(ValueError, match="five points in line 6"):
        read_five_points(table, LAYOUT)
    table.write_text(good.replace("face_003", "lost"), "utf-8")
    with pytest.raises(FileNotFoundError, match="lost"):
        read_five_points(table, LAYOUT)


def test_without_teachers_the_command_is_as_before(pictures: Path) -> None:
    out, expected = pictures / "labels.csv", pictures / "expected.csv"
    assert main(["relabel", "lean68", str(pictures), "--out", str(out)]) == 0
    model = read_model(find_model("lean68"))
    relabel(Cascade(model), read_dataset(pictures, 68), LAYOUT, expected)
    assert out.read_bytes() == expected.read_bytes()


def test_without_teachers_the_table_is_as_before(tmp_path: Path) -> None:
    """The noise of the initial transforms, and so the table, is that of version 0.2.0."""

    class Drawn:
        size, mean_shape = 112, drawn_face() / 2

        def refine(
            self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
        ) -> Refined:
            laid = np.stack([t.inverse(self.mean_shape) for t in transforms])
            laid[::2] += 9 * drawn_face()
            laid[1::2] += 9 * mirror(drawn_face(), "ibug68", 200)
            return Refined([laid / 10], None, None, np.eye(3)[None])

    image = np.zeros((224, 200), np.uint8)
    face = LabelledFace(tmp_path / "face.png", drawn_face(), image=image)
    out = tmp_path / "labels.csv"
    cascade: Any = Drawn()
    assert relabel(cascade, [face], LAYOUT, out) == 1
    assert (
        out.read_text("utf-8")
        .splitlines()[1]
        .startswith(
            "face.png,66.63,99.68,67.46,111.41,69.99,122.69,74.13,133.10,79.71,142.22,86.52,149.71,"
        )
    )


def test_an_integral_teacher_labels(dataset: Path, pictures: Path, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the extra 'teachers' is missing")
    import torch

    from danpredict.training.faces import canonical_mean_shape
    from danpredict.training.teachers.integral import IntegralTeacher

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
        layout = convention("ibug49")

    with pytest.raises(ValueError, match="same convention, got ibug49, ibug68"):
        label_faces([Fixed(drawn_face()), Other(drawn_face())], [drawn()])
    assert isinstance(load("lean68"), CascadeTeacher)


def test_models_label_without_torch() -> None:
    code = (
        "import sys; from danpredict.training.pseudo_labels.label import load; load('lean68'); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
