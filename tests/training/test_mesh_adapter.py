"""The adapter from MediaPipe's mesh to ibug68, on made-up meshes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict.landmarks.openness import eye_aspect_ratio, mouth_aspect_ratio, turn_ratio
from danpredict.training.clean_labels import mesh_parts
from danpredict.training.clean_labels.adapter import MeshAdapter
from danpredict.training.clean_labels.fit_adapter import learn

from .meshes import ADAPTER, EYES, MIRROR68, mirrored, posed, rotation

POSES = [(0, 0), (25, 0), (-40, 10), (50, -10), (0, 25), (10, -30)]


@pytest.mark.parametrize(("yaw", "pitch"), POSES)
def test_landmarks_of_a_mirrored_mesh_are_mirrored(yaw: float, pitch: float) -> None:
    mesh = posed(yaw, pitch)
    expected = ADAPTER.landmarks(mesh)[MIRROR68] * (-1, 1) + (300, 0)
    assert np.abs(ADAPTER.landmarks(mirrored(mesh)) - expected).max() < 0.01 * EYES


@pytest.mark.parametrize(("yaw", "pitch"), POSES)
def test_landmarks_turn_and_scale_with_the_picture(yaw: float, pitch: float) -> None:
    mesh, turn = posed(yaw, pitch), rotation(roll=17)
    expected = ADAPTER.landmarks(mesh) @ (1.4 * turn[:2, :2]).T + (8, -5)
    landmarks = ADAPTER.landmarks(1.4 * mesh @ turn.T + (8, -5, 0))
    assert np.abs(landmarks - expected).max() < 0.02 * EYES  # the edge is searched in steps


@pytest.mark.parametrize(("yaw", "pitch"), POSES)
def test_the_head_frame_tells_the_pose(yaw: float, pitch: float) -> None:
    frame = ADAPTER.head_frame(posed(yaw, pitch))
    assert frame.yaw == pytest.approx(yaw, abs=0.01)
    assert frame.pitch == pytest.approx(pitch, abs=0.01)
    points = np.array([[1.0, 2, 3], [40, -5, 6]])
    assert np.allclose(frame.to_image(frame.to_head(points)), points)


@pytest.mark.parametrize("yaw", [-50, -35, -20, 0, 20, 35, 50])
def test_the_jaw_is_the_visible_edge(yaw: float) -> None:
    mesh = posed(yaw)
    jaw = ADAPTER.landmarks(mesh)[:17]
    outside = np.unique(ADAPTER.jaw.edges)
    below = outside[ADAPTER.mean_mesh[outside, 1] > ADAPTER.jaw.top]
    polygon = jaw.astype(np.float32)
    distance = [
        cv2.pointPolygonTest(polygon, mesh[i, :2].tolist(), measureDist=True) for i in below
    ]
    assert min(distance) > -0.05 * EYES  # no mesh point lies outside; chords cut the curve a little
    steps = np.linalg.norm(np.diff(jaw, axis=0), axis=1)
    for side in (steps[:8], steps[8:]):
        assert side.max() < 1.15 * side.min()


def test_the_far_half_of_a_turned_head_is_narrow() -> None:
    # The face turns to the picture's right, so its half on the right gets narrow.
    ratios = [float(turn_ratio(ADAPTER.landmarks(posed(yaw)))) for yaw in (-45, -20, 0, 20, 45)]
    assert ratios == sorted(ratios)
    assert ratios[2] == pytest.approx(0, abs=0.03)


def test_lids_and_lips_follow_the_mesh() -> None:
    head = ADAPTER.mean_mesh.copy()
    before = ADAPTER.landmarks(posed(mesh=head))
    lower = [*mesh_parts.LOWER_INNER_LIP[1:-1], *mesh_parts.LOWER_LIP[0][1:-1]]
    head[lower, 1] += 0.3
    for upper, under in zip(mesh_parts.UPPER_LID, mesh_parts.LOWER_LID, strict=True):
        head[upper] = head[under]
    after = ADAPTER.landmarks(posed(mesh=head))
    assert mouth_aspect_ratio(after) > mouth_aspect_ratio(before) + 0.3
    right, left = before[36:42], after[36:42]
    assert np.ptp(left[1:5], axis=0)[1] < 0.6 * np.ptp(right[1:5], axis=0)[1]
    assert eye_aspect_ratio(after) < eye_aspect_ratio(before)
    assert np.allclose(after[65:68] - before[65:68], (0, 0.3 * EYES), atol=0.01)
    assert np.allclose(after[61:64], before[61:64], atol=0.01)


def test_each_pair_is_listed_under_the_number_that_is_fitted() -> None:
    assert all(landmark <= MIRROR68[landmark] for landmark in mesh_parts.CANDIDATES)


def test_the_file_holds_the_whole_adapter(tmp_path: Path) -> None:
    ADAPTER.write(tmp_path / "adapter.json")
    again = MeshAdapter.read(tmp_path / "adapter.json")
    assert np.array_equal(again.landmarks(posed(20)), ADAPTER.landmarks(posed(20)))
    assert np.allclose(again.weights.sum(1), 1, atol=1e-4)
    (tmp_path / "other.json").write_text('{"source": ""}', "utf-8")
    with pytest.raises(ValueError, match="expected an adapter of meshes"):
        MeshAdapter.read(tmp_path / "other.json")


def test_learning_finds_the_landmarks_again() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, (16, *ADAPTER.mean_mesh.shape))
    poses = rng.uniform(-6, 6, (16, 3))
    meshes = np.stack(
        [
            posed(yaw, pitch, roll, mesh=ADAPTER.mean_mesh + bumps)
            for (yaw, pitch, roll), bumps in zip(poses, noise, strict=True)
        ]
    )
    landmarks = np.stack([ADAPTER.landmarks(mesh) for mesh in meshes])
    landmarks[:, [60, 64]] = np.nan
    learned = learn(meshes, landmarks)
    found = np.stack([learned.landmarks(mesh) for mesh in meshes])
    error = np.linalg.norm(found - landmarks, axis=-1) / EYES
    assert np.nanmean(error[:, 17:]) < 0.015
    assert error[:, :17].mean() < 0.04


def test_a_mesh_that_is_not_a_face_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a mesh of different"):
        ADAPTER.landmarks(np.ones((478, 3)))
