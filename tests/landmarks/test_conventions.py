"""Conventions as data: every file is sound, and every map means what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import danpredict
from danpredict import DANShapePredictor, convention, conventions, convert, mirror
from danpredict.cli.main import main
from danpredict.datasets.face import FaceLandmarks
from danpredict.datasets.landmark_file import read_landmarks, write_landmarks
from danpredict.landmarks.convention import Convention, read_ranges, write_ranges
from danpredict.landmarks.conversion import EXACT, MISSING, Conversion, conversion

from ..conftest import ROOT, Image

ASKED_FOR = {
    "ibug68", "ibug51", "ibug49", "ibug66", "dlib5", "arcface5", "wflw98", "jd106",
    "insightface106", "cofw29", "aflw19", "mediapipe478", "openseeface66", "facesynthetics70",
}  # fmt: skip
PAIRS = [
    (a, b)
    for a in conventions()
    for b in conventions()
    if a != b and "ibug68" in (a, b)
]  # fmt: skip


def find(source: str, target: str) -> Conversion:
    return conversion(convention(source), convention(target))


def test_the_conventions_of_the_field_are_there() -> None:
    assert set(conventions()) >= ASKED_FOR
    assert danpredict.convention("wflw98").size == 98


@pytest.mark.parametrize("name", conventions())
def test_a_file_is_sound(name: str) -> None:
    layout = convention(name)
    assert layout.source
    assert str(layout.size) in name
    if layout.mirror is not None:
        table = np.array(layout.mirror)
        assert (table[table] == np.arange(layout.size)).all()
        if layout.eyes:
            assert table[layout.eyes[0]] == layout.eyes[1]
        swap = {"right": "left", "left": "right"}
        for part, points in layout.groups.items():
            side, _, rest = part.partition("_")
            other = f"{swap[side]}_{rest}" if side in swap else part
            assert {int(table[p]) for p in points} == set(layout.groups[other])
    seen = [p for points in layout.groups.values() for p in points]
    assert sorted(seen) == list(range(layout.size)) or not seen
    for table_of in (layout.gives, layout.taken):
        for other, entry in table_of.items():
            assert entry.source, other
            assert other in conventions()


MIRRORED = [pair for pair in PAIRS if all(convention(name).mirror for name in pair)]


@pytest.mark.parametrize(("source", "target"), MIRRORED)
def test_maps_commute_with_mirrors(source: str, target: str) -> None:
    first, second, found = convention(source), convention(target), find(source, target)
    assert first.mirror is not None
    assert second.mirror is not None
    turned = found.weights[list(second.mirror)][:, list(first.mirror)]
    np.testing.assert_allclose(turned, found.weights)
    assert [found.flags[i] for i in second.mirror] == list(found.flags)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(scale=st.floats(0.1, 10), angle=st.floats(-3, 3), shift=st.floats(-99, 99))
def test_maps_commute_with_similarities(
    source: str, target: str, scale: float, angle: float, shift: float
) -> None:
    points = np.random.default_rng(0).normal(size=(convention(source).size, 2))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = find(source, target)
    np.testing.assert_allclose(
        found.apply(points @ turn.T + shift), found.apply(points) @ turn.T + shift, atol=1e-9
    )
    rows = found.weights.sum(1)
    np.testing.assert_allclose(rows, [flag != MISSING for flag in found.flags], atol=1e-12)


@pytest.mark.parametrize("name", sorted(set(conventions()) - {"ibug68"}))
def test_exact_points_survive_the_way_there_and_back(name: str) -> None:
    points = np.random.default_rng(0).normal(size=(68, 2))
    there, back = find("ibug68", name), find(name, "ibug68")
    again = back.apply(there.apply(points))
    both = there.then(back)
    exact = np.array([flag == EXACT for flag in both.flags])
    np.testing.assert_allclose(again[exact], points[exact])
    if name in ("ibug49", "ibug51", "ibug66"):
        assert exact.sum() == int(name[4:])


def test_known_points_land_where_they_belong() -> None:
    points = np.arange(136.0).reshape(68, 2)
    assert (convert(points, "ibug68", "dlib5") == points[[45, 42, 36, 39, 33]]).all()
    five = convert(points[None], "ibug68", "arcface5")[0]
    np.testing.assert_allclose(five[0], points[36:42].mean(0))
    np.testing.assert_allclose(five[3:], points[[48, 54]])
    wflw = convert(points, "ibug68", "wflw98", missing="nan")
    assert np.isnan(wflw[38:42]).all()
    np.testing.assert_allclose(convert(wflw, "wflw98", "ibug68"), points)
    threefold = convert(np.zeros((2, 478, 3)), "mediapipe478", "dlib5")
    assert threefold.shape == (2, 5, 3)


def test_unknown_values_stay_unknown_and_alone() -> None:
    points = np.zeros((68, 2))
    points[36] = np.nan
    found = convert(points, "ibug68", "arcface5")
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()


def test_what_cannot_be_had_is_refused() -> None:
    points = np.zeros((5, 2))
    with pytest.raises(ValueError, match=r"landmarks 0-32, 34-35.* are missing"):
        convert(points, "dlib5", "ibug68")
    up = convert(points, "dlib5", "ibug68", missing="nan")
    assert np.isfinite(up).all(1).sum() == 5
    with pytest.raises(ValueError, match=r"\(\.\.\., 68, 2\), got shape \(5, 2\)"):
        convert(points, "ibug68", "dlib5")
    with pytest.raises(ValueError, match="expected a landmark convention out of"):
        convert(points, "five", "dlib5")
    with pytest.raises(ValueError, match="missing 'raise' or 'nan'"):
        convert(points, "dlib5", "ibug68", missing="zero")
    mine = Convention("mine", 3)
    with pytest.raises(ValueError, match="with a map between them, got mine and ibug68"):
        conversion(mine, convention("dlib5"))


def test_mirrored_landmarks_fit_the_mirrored_picture() -> None:
    points = np.array([[30.0, 10], [20, 11], [5, 10], [12, 12], [17, 30]])
    flipped = mirror(points, "dlib5", width=40)
    np.testing.assert_allclose(flipped[:2], [[34, 10], [27, 12]])
    np.testing.assert_allclose(mirror(flipped, "dlib5", 40), points)
    with pytest.raises(ValueError, match="with a mirror table, got insightface106"):
        mirror(np.zeros((106, 2)), "insightface106", 40)
    with pytest.raises(ValueError, match="got shape"):
        mirror(points, "ibug68", 40)


IRISES = [473, 476, 475, 474, 477, 468, 471, 470, 469, 472]
MESHES = """
import sys
import numpy as np
from mediapipe.python.solutions.face_mesh import FaceMesh

pictures, out = np.load(sys.argv[1]), []
with FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
    for picture in pictures:
        (face,) = mesh.process(picture).multi_face_landmarks
        out.append([(p.x * picture.shape[1], p.y * picture.shape[0]) for p in face.landmark])
np.save(sys.argv[2], np.array(out) - 0.5)
"""


def test_both_meshes_of_mediapipe_are_mirrored_alike(rng: np.random.Generator) -> None:
    mesh, with_irises = convention("mediapipe468"), convention("mediapipe478")
    assert mesh.mirror is not None
    assert with_irises.mirror == (*mesh.mirror, *IRISES)
    points = rng.uniform(0, 100, (2, 478, 2))
    flipped = mirror(points, "mediapipe478", 100)
    np.testing.assert_allclose(mirror(flipped, "mediapipe478", 100), points)
    np.testing.assert_allclose(flipped[:, :468], mirror(points[:, :468], "mediapipe468", 100))
    np.testing.assert_allclose(flipped[:, 473], [99, 0] + [-1, 1] * points[:, 468])


@pytest.mark.slow
def test_mediapipe_mirrors_its_mesh_as_the_table_says(tmp_path: Path, astronaut: Image) -> None:
    """The points of a mirrored picture lie where the table moves those of the picture."""
    python = os.environ.get("DANPREDICT_MEDIAPIPE")
    if python is None or subprocess.run([python, "-c", "import mediapipe"], check=False).returncode:
        pytest.skip("set DANPREDICT_MEDIAPIPE to the Python of an environment with mediapipe")
    pictures = []
    for angle in (-15, 0, 15):
        matrix = cv2.getRotationMatrix2D((224, 112), angle, 1)
        turned = cv2.warpAffine(astronaut, matrix, (512, 512))
        pictures += [turned, turned[:, ::-1]]
    np.save(tmp_path / "pictures.npy", np.stack(pictures))
    command = [python, "-c", MESHES, str(tmp_path / "pictures.npy"), str(tmp_path / "meshes.npy")]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ""})
    meshes = np.load(tmp_path / "meshes.npy")
    expected = mirror(meshes[::2], "mediapipe478", 512)
    eyes = np.linalg.norm(meshes[1::2, 33] - meshes[1::2, 263], axis=1)
    distance = np.linalg.norm(expected[:, :, None] - meshes[1::2, None], axis=3).mean(0)
    distance /= eyes.mean()
    for part in (slice(468), slice(468, 478)):  # apart, since lids and irises touch
        best = linear_sum_assignment(distance[part, part])[1]
        np.testing.assert_array_equal(best, np.arange(len(best)))
    own = distance.diagonal()
    assert own.mean() < 0.03
    assert own[468:].mean() < 0.015
    others = distance[468:, 468:] + np.eye(10)
    assert (own[468:] < others.min(0) / 2).all()


@given(st.lists(st.integers(0, 200), unique=True))
def test_ranges_are_read_as_written(points: list[int]) -> None:
    assert list(read_ranges(write_ranges(points), 201)) == points


def test_a_predictor_answers_in_a_convention(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    own = predictor(astronaut, rect)
    det = DANShapePredictor(threads=1, convention="wflw98")(astronaut, rect)
    assert det.num_parts == 98
    np.testing.assert_allclose(
        det.landmarks, convert(own.landmarks, "ibug68", "wflw98", missing="nan"), atol=1e-3
    )
    assert not det.present[38:42].any()
    assert det.part(38).x == 2**51 - 1
    assert det.part(37).x == own.part(21).x
    assert np.isfinite(det.sigma[det.present]).all()  # type: ignore[index]
    assert danpredict.Detection(rect, det.landmarks, present=det.present).num_parts == 98


def test_a_file_is_all_that_a_new_convention_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "conventions"
    folder.mkdir()
    for name in ("ibug68.json", "dlib5.json"):
        shutil.copy(ROOT / "adapters" / "conventions" / name, folder)
    (folder / "nose2.json").write_text(
        '{"size": 2, "source": "ours", "groups": {"nose": "0-1"}, "eyes": null, "mirror": [0, 1],'
        '"taken": {"ibug68": {"points": [30, [27, 33]], "source": "ours"}}}'
    )
    monkeypatch.setattr("danpredict.landmarks.convention_files.data_folder", lambda _: tmp_path)
    assert conventions() == ["dlib5", "ibug68", "nose2"]
    points = np.arange(136.0).reshape(68, 2)
    np.testing.assert_allclose(convert(points, "ibug68", "nose2"), [[60, 61], [60, 61]])


@pytest.mark.parametrize("kind", ["pts", "csv", "json", "xml"])
def test_files_are_converted(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    points = np.random.default_rng(0).integers(0, 300, (68, 2)).astype(float)
    source, out = tmp_path / f"face.{kind}", tmp_path / "five.json"
    write_landmarks(source, [FaceLandmarks("face", points)])
    command = ["convert", str(source), "--from", "ibug68", "--out", str(out), "--to"]
    assert main([*command, "dlib5"]) == 0
    expected = convert(points, "ibug68", "dlib5")
    np.testing.assert_allclose(read_landmarks(out, 5)[0].landmarks, expected)
    assert read_landmarks(out, 5)[0].picture == "face"
    assert main([*command, "wflw98"]) == 2
    assert "are missing" in capsys.readouterr().err
    assert main([*command, "wflw98", "--gaps"]) == 0
    assert np.isnan(read_landmarks(out, 98)[0].landmarks).any(1).sum() == 8


def test_several_faces_keep_their_pictures_and_gaps(tmp_path: Path) -> None:
    gap = np.full((5, 2), 3.0)
    gap[2] = np.nan
    faces = [
        FaceLandmarks("a.png", np.ones((5, 2))),
        FaceLandmarks("a.png", gap),
        FaceLandmarks("b.png", gap + 1),
    ]
    for kind in ("csv", "json", "xml"):
        path = tmp_path / f"faces.{kind}"
        write_landmarks(path, faces)
        for face, again in zip(faces, read_landmarks(path, 5), strict=True):
            assert again.picture == face.picture
            np.testing.assert_array_equal(again.landmarks, face.landmarks)
    with pytest.raises(ValueError, match=r"expected one face for a \.pts file, got 3"):
        write_landmarks(tmp_path / "faces.pts", faces)


def test_files_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a file of landmarks that ends in one of \['.csv'"):
        read_landmarks(tmp_path / "a.txt", 5)
    with pytest.raises(FileNotFoundError, match="found no"):
        read_landmarks(tmp_path / "a.json", 5)
    for text in ("[]", "{}", '{"a": [[1, 2]]}', '{"a": 3}', "no", '{"a": [[["x", 2]]]}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(ValueError, match="expected 5 landmarks per face"):
            read_landmarks(tmp_path / "a.json", 5)
