"""Folders of pictures with .pts files, and rectangles beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from danpredict.datasets.dataset import read_dataset, read_folder
from danpredict.datasets.pts import read_pts

from ..conftest import Image
from ..faces import write_dataset, write_pts


def test_pts_round_trip(tmp_path: Path, rng: np.random.Generator) -> None:
    landmarks = rng.uniform(-20, 400, (68, 2))
    write_pts(tmp_path / "a.pts", landmarks)
    np.testing.assert_allclose(read_pts(tmp_path / "a.pts"), landmarks, atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: 1",
        "n_points: 2\n{\n1 2\n}",
        "n_points: 1\n{\n1 x\n}",
        "n_points: 1\n{\n1 nan\n}",
    ],
)
def test_damaged_pts_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pts"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"expected an iBUG \.pts file, got .*a\.pts"):
        read_pts(path)


def test_folder_with_rectangles(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path / "set", astronaut, np.full((68, 2), 200.0), count=3)
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"set/face_000.png": [1, 2, 3, 4], "set/face_001.png": None}))
    faces = read_dataset(tmp_path / "set", 68, boxes)
    assert [face.box for face in faces] == [(1, 2, 3, 4), None, None]
    boxes.write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"boxes\.json"):
        read_folder(tmp_path / "set", boxes)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "set", tmp_path / "nowhere.json")


def test_wrong_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"\.pts"):
        read_folder(tmp_path)
