"""Pictures of heads that are turned further, on made-up meshes and a real picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict.files.pictures import read_picture
from danpredict.geometry.sampling import Image
from danpredict.training.clean_labels.head_surface import SURFACE, HeadSurface
from danpredict.training.clean_labels.mesh_table import MeshTable
from danpredict.training.clean_labels.turned_heads import (
    YAWS,
    angles_to_add,
    draw,
    turned,
    write_turned,
)

from .meshes import ADAPTER, posed

SHEET = HeadSurface.of(ADAPTER.mean_mesh)


def values_at(image: Image, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolated values of the first channel at (N, 2) pixels."""
    x, y = points.astype(np.float32).T[:, :, None]
    return np.asarray(cv2.remap(image[..., 0], x, y, cv2.INTER_LINEAR)[:, 0], np.float64)


@pytest.fixture(scope="module")
def smooth() -> Image:
    """A picture (300, 300, 3) without edges."""
    noise = np.random.default_rng(0).uniform(0, 255, (8, 8, 3))
    return np.asarray(
        cv2.resize(noise, (300, 300), interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8
    )


def test_the_nearest_triangle_is_seen() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30], image[:, 30:] = 50, 200
    before = np.array([[0, 0, 1], [28, 0, 1], [0, 39, 1], [32, 0, 5], [59, 0, 5], [32, 39, 5.0]])
    after = before.copy()
    after[3:, 0] -= 32  # both triangles at the same place, the second one behind the first
    triangles = np.array([[3, 4, 5], [0, 1, 2]])
    assert draw(image, before, after, triangles)[10, 8, 0] == 50
    after[3:, 2] = 0
    assert draw(image, before, after, triangles)[10, 8, 0] == 200
    assert draw(image, before, after, triangles)[35, 50, 0] == 200  # outside: as it was


def test_a_head_that_does_not_turn_keeps_its_picture(smooth: Image) -> None:
    mesh = posed(10, 5)
    picture, moved = turned(smooth, mesh, ADAPTER, SHEET, np.zeros(2))
    assert np.allclose(moved, mesh)
    assert np.abs(picture.astype(int) - smooth).max() <= 2


@pytest.mark.parametrize(("yaw", "angles"), [(0, (30, 0)), (-12, (-30, 10)), (5, (20, -12))])
def test_the_pixels_move_with_the_mesh(
    smooth: Image, yaw: float, angles: tuple[float, float]
) -> None:
    mesh = posed(yaw)
    picture, moved = turned(smooth, mesh, ADAPTER, SHEET, np.array(angles, float))
    frame = ADAPTER.head_frame(moved)
    assert frame.yaw == pytest.approx(yaw + angles[0], abs=4)  # the pitch changes it a little
    assert frame.pitch == pytest.approx(angles[1], abs=4)
    # Mesh points on the near side of the nose's ridge are seen before and after.
    side = -np.sign(angles[0]) * ADAPTER.mean_mesh[:SURFACE, 0]
    seen = np.flatnonzero((side > 0.15) & (side < 0.6))
    difference = values_at(picture, moved[seen, :2]) - values_at(smooth, mesh[seen, :2])
    assert np.abs(difference).max() < 6
    assert np.abs(values_at(smooth, moved[seen, :2]) - values_at(smooth, mesh[seen, :2])).max() > 20


def test_the_border_of_the_picture_stays(smooth: Image) -> None:
    picture, _ = turned(smooth, posed(), ADAPTER, SHEET, np.array([40.0, 0]))
    wide = np.pad(smooth, ((200, 200), (200, 200), (0, 0)), "reflect")
    mesh = posed(middle=(350, 350))
    picture, _ = turned(wide, mesh, ADAPTER, SHEET, np.array([40.0, 0]))
    assert np.abs(picture[:60].astype(int) - wide[:60]).max() <= 2
    assert np.abs(picture[300:400].astype(int) - wide[300:400]).max() > 20


@pytest.mark.parametrize("yaw", [-45.0, -20, -9, 0, 7, 30, 46])
def test_heads_never_turn_back(yaw: float) -> None:
    rng = np.random.default_rng(0)
    angles = np.array([angles_to_add(rng, yaw) for _ in range(50)])
    ends = yaw + angles[:, 0]
    assert (np.abs(ends) <= YAWS[1]).all()
    assert (np.abs(ends) >= YAWS[0]).all()
    if abs(yaw) > 8:
        assert (np.sign(ends) == np.sign(yaw)).all()
        assert (np.abs(ends) >= abs(yaw)).all()
    else:
        assert len(set(np.sign(ends))) == 2


def test_the_drawn_pictures_and_their_table(tmp_path: Path, astronaut: Image) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), astronaut[..., ::-1])
    # The astronaut's face: a made-up mesh at its place, a profile, and a face that was not found.
    meshes = np.stack([posed(middle=(222, 130)), posed(60), np.full((478, 3), np.nan)])
    five = np.stack([mesh[[33, 263, 4, 61, 291], :2] for mesh in meshes])
    five[0, :2] = meshes[0][[33, 362], :2] + (meshes[0][[133, 263], :2] - five[0, :2]) / 2
    table = MeshTable(
        np.array(["face.png"] * 3),
        five,
        meshes.astype(np.float32),
        np.full((3, 478), 0.01, np.float32),
        np.array([6, 6, 0]),
    )
    drawn = write_turned(table, tmp_path, ADAPTER, 2, tmp_path / "out")
    assert drawn.files.tolist() == ["images/face_0.jpg", "images/face_1.jpg"]
    for name, mesh in zip(drawn.files, drawn.mesh, strict=True):
        assert read_picture(tmp_path / "out" / name).shape == astronaut.shape
        assert abs(ADAPTER.head_frame(mesh).yaw) > 14
    drawn.write(tmp_path / "mesh.npz")
    assert len(MeshTable.read(tmp_path / "mesh.npz").files) == 2
    with pytest.raises(FileExistsError):
        write_turned(table, tmp_path, ADAPTER, 2, tmp_path / "out")
