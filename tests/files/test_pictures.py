"""Pictures are read from files of many formats; damaged ones are refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from danpredict.datasets.dataset import read_dataset
from danpredict.files.pictures import (
    PICTURES,
    WRITABLE_PICTURES,
    encode_picture,
    read_picture,
)

from ..conftest import Image
from ..program import claiming


@pytest.mark.parametrize("suffix", ["jpg", "jfif", "png", "bmp", "webp", "tiff", "jp2", "ppm"])
def test_pictures_of_many_formats_are_read(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    kind = {"jfif": ".jpg"}.get(suffix, f".{suffix}")
    (tmp_path / f"a.{suffix}").write_bytes(cv2.imencode(kind, astronaut[..., ::-1])[1].tobytes())
    (tmp_path / "a.pts").write_text("version: 1\nn_points: 1\n{\n2 2\n}\n")
    (face,) = read_dataset(tmp_path, 1)
    assert np.abs(face.picture().astype(int) - astronaut).mean() < 12


@pytest.mark.parametrize("suffix", ["tga", "pcx", "ico", "sgi", "dds", "j2k"])
def test_formats_that_only_pillow_reads(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / f"a.{suffix}"
    assert path.suffix in PICTURES
    small = np.ascontiguousarray(astronaut[100:228, 150:278])
    PillowImage.fromarray(small).save(path)
    assert np.abs(read_picture(path, upright=True).astype(int) - small).mean() < 3
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="neither OpenCV nor Pillow can decode"):
        read_picture(path)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp", "avif"])
def test_pictures_are_turned_upright(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # the orientation: rotate clockwise by 90 degrees to see it upright
    photo = np.ascontiguousarray(astronaut[:300])
    path = tmp_path / f"a.{suffix}"
    PillowImage.fromarray(np.rot90(photo)).save(path, exif=exif)
    upright = read_picture(path, upright=True)
    assert upright.shape == photo.shape
    assert np.abs(upright.astype(int) - photo).mean() < 6


@pytest.mark.parametrize("suffix", sorted(WRITABLE_PICTURES))
def test_pictures_are_encoded(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    small = np.ascontiguousarray(astronaut[100:228, 150:278])
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode_picture(small, suffix))
    assert np.abs(read_picture(path).astype(int) - small).mean() < (30 if suffix == ".gif" else 9)
    gray = np.ascontiguousarray(small[..., 1])
    if suffix in (".gif", ".ppm"):
        with pytest.raises(ValueError, match=r"shape \(128, 128\) as"):
            encode_picture(gray, suffix)
        return
    path.write_bytes(encode_picture(gray, suffix))
    assert np.abs(read_picture(path).astype(int) - gray[..., None]).mean() < 9


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
