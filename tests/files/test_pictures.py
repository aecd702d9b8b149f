"""Pictures are read from files of many formats; damaged ones are refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict.datasets.dataset import read_dataset
from danpredict.files.pictures import read_picture

from ..conftest import Image
from ..program import claiming


@pytest.mark.parametrize("suffix", ["jpg", "jfif", "png", "bmp", "webp", "tiff", "jp2", "ppm"])
def test_pictures_of_many_formats_are_read(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    kind = {"jfif": ".jpg"}.get(suffix, f".{suffix}")
    (tmp_path / f"a.{suffix}").write_bytes(cv2.imencode(kind, astronaut[..., ::-1])[1].tobytes())
    (tmp_path / "a.pts").write_text("version: 1\nn_points: 1\n{\n2 2\n}\n")
    (face,) = read_dataset(tmp_path, 1)
    assert np.abs(face.picture().astype(int) - astronaut).mean() < 12


def test_a_huge_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(claiming(100_000))
    with pytest.raises(ValueError, match=r"OpenCV refuses .*a\.png"):
        read_picture(tmp_path / "a.png")


def test_pictures_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_picture(tmp_path / "nowhere.jpg")
    for content in (b"", b"no picture"):
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.jpg"):
            read_picture(tmp_path / "a.jpg")
