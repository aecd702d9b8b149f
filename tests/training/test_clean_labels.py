"""From pictures with five points to a table of labels, without MediaPipe."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict.datasets.csv_table import read_csv
from danpredict.geometry.sampling import Image
from danpredict.training.clean_labels import checks, label, mediapipe_mesh
from danpredict.training.clean_labels.checks import FaceChecks, check_face, without_doubts
from danpredict.training.clean_labels.duplicates import chip, duplicates
from danpredict.training.clean_labels.face_frame import crop_matrix, face_frame
from danpredict.training.clean_labels.mesh_table import MeshTable

from .meshes import ADAPTER, posed, rotation

FIVE = np.array([[120.0, 130], [180, 130], [150, 165], [128, 195], [172, 195]])


def _five(mesh: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([mesh[list(points), :2].mean(0) for points in checks.FIVE_POINTS])


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("roll", [0, 30, -100, 180])
def test_a_crop_is_upright_and_centred(roll: float, mirrored: bool) -> None:
    points = FIVE @ rotation(roll=roll)[:2, :2].T
    frame = face_frame(points)
    assert np.degrees(frame.roll) % 360 == pytest.approx(roll % 360, abs=1e-6)
    matrix = crop_matrix(frame, 301, 6, mirrored=mirrored)
    crop = points @ matrix[:, :2].T + matrix[:, 2]
    assert crop.mean(0) == pytest.approx((150, 150))
    assert (crop[1, 0] - crop[0, 0]) * (-1 if mirrored else 1) == pytest.approx(301 / 6, rel=0.01)
    assert crop[:2, 1] == pytest.approx([crop[0, 1]] * 2)


def test_a_profile_has_the_unit_of_its_height() -> None:
    profile = FIVE * (0.2, 1)
    assert face_frame(profile).unit == pytest.approx(face_frame(FIVE).unit, rel=0.02)
    with pytest.raises(ValueError, match="expected five finite points"):
        face_frame(FIVE * np.nan)


def _dots(crop: Image) -> NDArray[np.float64] | None:
    """A made-up network: it finds the bright dot and returns it as every point of the mesh."""
    bright = np.argwhere(crop[..., 0] > 100)
    if not len(bright):
        return None
    return np.tile([*bright.mean(0)[::-1], 3.0], (478, 1))


def test_all_passes_come_back_to_the_picture(tmp_path: Path) -> None:
    picture = np.zeros((300, 320, 3), np.uint8)
    cv2.circle(picture, (170, 140), 4, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "dot.png"), picture)
    cv2.imwrite(str(tmp_path / "dark.png"), picture * 0)
    cells = ",".join(str(v) for v in FIVE.ravel())
    header = ",".join(f"{a}{i}" for i in range(5) for a in "xy")
    rows = f"file,by,{header}\ndot.png,hand,{cells}\ndark.png,hand,{cells}\n"
    (tmp_path / "points5.csv").write_text(rows, "utf-8")
    table = mediapipe_mesh.mesh_table(tmp_path / "points5.csv", _dots, list(range(478)))
    assert table.passes.tolist() == [2 * len(mediapipe_mesh.PASSES), 0]
    assert np.abs(table.mesh[0, :, :2] - (170, 140)).max() < 0.2
    assert table.spread[0].max() < 0.005
    assert np.isnan(table.mesh[1]).all()
    table.write(tmp_path / "mesh.npz")
    again = MeshTable.read(tmp_path / "mesh.npz")
    assert np.array_equal(again.mesh, table.mesh, equal_nan=True)
    assert again.files.tolist() == ["dot.png", "dark.png"]


def test_reasons_to_drop_a_face() -> None:
    mesh, spread = posed(10), np.full(478, 0.01)
    good = check_face(mesh, spread, 6, _five(mesh), ADAPTER)
    assert good.reason() is None
    assert good.yaw == pytest.approx(10, abs=0.1)
    assert replace(good, passes=3).reason() == "found in few passes"
    assert FaceChecks(6, np.nan, 0, 0).reason() == "passes disagree"
    moved = check_face(mesh, spread, 6, _five(mesh) + np.array([30, 0]), ADAPTER)
    assert moved.reason() == "mesh off the five points"
    profile = posed(-70)
    assert check_face(profile, spread, 6, _five(profile), ADAPTER).reason() == "profile"


def test_landmarks_in_doubt_are_left_out() -> None:
    landmarks, spread = ADAPTER.landmarks(posed()), np.full(68, 0.01)
    assert np.array_equal(without_doubts(landmarks, spread, 300, 300), landmarks)
    cut = without_doubts(landmarks, spread, 300, int(landmarks[30, 1]))
    assert np.array_equal(np.isnan(cut[:, 0]), landmarks[:, 1] > int(landmarks[30, 1]) - 0.5)
    spread[36:42] = 0.04
    assert np.flatnonzero(np.isnan(without_doubts(landmarks, spread, 300, 300)[:, 0])).tolist() == [
        *range(36, 42)
    ]


def test_the_table_of_labels(
    tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    cv2.imwrite(str(tmp_path / "a.png"), astronaut)
    cv2.imwrite(str(tmp_path / "b.png"), astronaut)
    cv2.imwrite(str(tmp_path / "c.png"), cv2.GaussianBlur(astronaut, (5, 5), 0))
    mesh = posed(20)
    five = _five(mesh)
    MeshTable(
        np.array(["a.png", "b.png", "c.png"]),
        np.stack([five, five + 40, five]),
        np.stack([mesh, mesh, mesh]).astype(np.float32),
        np.full((3, 478), 0.01, np.float32),
        np.array([6, 6, 6]),
    ).write(tmp_path / "mesh.npz")
    out = tmp_path / "labels.csv"
    monkeypatch.setattr(sys, "argv", ["label", str(tmp_path / "mesh.npz"), "--out", str(out)])
    label.main()
    printed = capsys.readouterr().out
    assert "1 of 3 faces, 0 of them with gaps" in printed
    assert "1 mesh off the five points" in printed
    assert "1 near duplicate" in printed
    (face,) = read_csv(out, 68)
    assert face.path.name == "a.png"
    assert np.abs(face.landmarks - ADAPTER.landmarks(mesh)).max() < 0.02


def test_near_duplicates_of_the_first_picture(astronaut: Image) -> None:
    points = np.array([[205.0, 100], [240, 100], [222, 150]])
    brighter = cv2.convertScaleAbs(astronaut, alpha=0.8, beta=30)
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    other = points * (-1, 1) + (511, 0)
    pictures = [(astronaut, points), (brighter, points), (mirrored, other)]
    chips = [chip(np.asarray(picture, np.uint8), mesh, 50) for picture, mesh in pictures]
    assert duplicates(chips) == [False, True, False]
    assert duplicates([]) == []
