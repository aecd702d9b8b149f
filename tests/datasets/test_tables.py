"""CSV tables of landmarks: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict.datasets.csv_table import read_csv
from danpredict.datasets.dataset import read_dataset

from ..conftest import Image
from ..faces import write_dataset


def test_tables_with_a_byte_order_mark_just_work(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path, astronaut, np.full((2, 2), 200.0), count=1)
    text = "\ufefffile,x0,y0,x1,y1\nface_000.png,1,2,3,4\n"
    (tmp_path / "t.csv").write_text(text, "utf-8")
    (face,) = read_dataset(tmp_path / "t.csv", 2)
    np.testing.assert_array_equal(face.landmarks, [[1, 2], [3, 4]])
    boxes = '\ufeff{"face_000.png": [1, 2, 3, 4]}'
    (tmp_path / "b.json").write_text(boxes, "utf-8")
    (face,) = read_dataset(tmp_path, 2, tmp_path / "b.json")
    assert face.box == (1, 2, 3, 4)


def test_tables_name_no_pictures_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    cv2.imwrite(str(secret), np.zeros((9, 9), np.uint8))
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "linked.png").symlink_to(secret)
    for name in ("../secret.png", str(secret), "linked.png"):
        (folder / "t.csv").write_text(f"file,x0,y0\n{name},1,2\n")
        with pytest.raises(ValueError, match="expected pictures in the folder"):
            read_dataset(folder / "t.csv", 1)
        (folder / "t.xml").write_text(
            f"<dataset><image file='{name}'><box top='1' left='1' width='2' height='2'>"
            "<part name='0' x='1' y='1'/></box></image></dataset>"
        )
        with pytest.raises(ValueError, match="expected pictures in the folder"):
            read_dataset(folder / "t.xml", 1)


def test_csv_tables(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path / "frames", astronaut, np.full((2, 2), 200.0), count=1)
    table = tmp_path / "table.csv"
    table.write_text("file,x0,y0,x1,y1\nface_000.png,1,2,3,4.5\n")
    (face,) = read_dataset(table, 2)
    np.testing.assert_array_equal(face.landmarks, [[1, 2], [3, 4.5]])
    assert face.path.parent.name == "frames"
    write_dataset(tmp_path / "again", astronaut, np.full((2, 2), 200.0), count=1)
    with pytest.raises(FileNotFoundError, match="found 2"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\nother.png,1,2\n")
    with pytest.raises(FileNotFoundError, match=r"other\.png"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\nface_000.png,1,x\n")
    with pytest.raises(ValueError, match="line 2"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\nface_000.png,1\n")
    with pytest.raises(ValueError, match="line 2"):
        read_csv(table, 2)
    table.write_text("file,x0,y0,x2,y2\nface_000.png,1,2,3,4\n")
    with pytest.raises(ValueError, match="expected 2 landmarks, got x2"):
        read_csv(table, 2)
    table.write_text("face_000.png,1,2\n")
    with pytest.raises(ValueError, match="header"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\n")
    with pytest.raises(ValueError, match="empty"):
        read_csv(table, 2)


def test_csv_tables_of_some_landmarks(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path, astronaut, np.full((2, 2), 200.0), count=1)
    table = tmp_path / "table.csv"
    table.write_text("file,x3,y3,x1,y1\nface_000.png,1,2,,4\n")
    (face,) = read_csv(table, 5)
    expected = np.full((5, 2), np.nan)
    expected[3] = 1, 2  # half a point is none
    np.testing.assert_array_equal(face.landmarks, expected)
    table.write_text("file,x3,y1\nface_000.png,1,2\n")
    with pytest.raises(ValueError, match="header"):
        read_csv(table, 5)
