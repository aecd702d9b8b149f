"""`danpredict align` keeps pictures and runs apart, and repeats only what has changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict.cli.main import main

from ..conftest import Image
from ..program import refused_here


class Aligner:
    """Runs ``danpredict align`` on ``photos`` in a folder, within this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def __call__(self, *options: str, out: str = "chips") -> tuple[str, dict[str, Any]]:
        """What is printed, and the log's rows by picture."""
        where = self.folder / out
        command = ["align", str(self.folder / "photos"), "--out", str(where), "--processes", "1"]
        assert main([*command, *options]) == 0
        rows = [json.loads(line) for line in (where / "align.jsonl").read_text().splitlines()]
        return self.capsys.readouterr().out, {row["picture"]: row for row in rows}


@pytest.fixture
def aligned(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> Aligner:
    return Aligner(tmp_path, capsys)


@pytest.fixture
def photos(tmp_path: Path, astronaut: Image) -> Path:
    """Three pictures of one name, two of them of the same person in mirror image, and others."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    small = np.ascontiguousarray(astronaut[:280, 60:360])
    cv2.imwrite(str(folder / "a.jpg"), small[..., ::-1])
    cv2.imwrite(str(folder / "a.png"), small[:, ::-1, ::-1])
    cv2.imwrite(str(folder / "deep" / "b.webp"), small[..., ::-1])
    cv2.imwrite(str(folder / "a.bmp"), np.zeros((50, 50, 3), np.uint8))  # nobody
    (folder / "c.heic").write_bytes(b"unread")
    return folder


def test_align_keeps_pictures_of_one_name_apart(aligned: Aligner, tmp_path: Path) -> None:
    output, rows = aligned()
    assert "3 faces of 4 pictures" in output
    assert "skipped" in output
    assert ".heic (1)" in output
    chips = {name: [face["chip"] for face in row["faces"]] for name, row in rows.items()}
    assert chips == {
        "a.bmp": [],
        "a.jpg": ["a.jpg/0.png"],
        "a.png": ["a.png/0.png"],
        "deep/b.webp": ["deep/b.webp/0.png"],
    }
    first, second = (cv2.imread(str(tmp_path / "chips" / f"a.{s}/0.png")) for s in ("jpg", "png"))
    assert first is not None
    assert second is not None
    assert np.abs(first.astype(int) - second).mean() > 5  # a face and its mirror image
    assert np.abs(first.astype(int) - second[:, ::-1]).mean() < 12


def test_align_makes_again_what_is_not_the_same_any_more(
    aligned: Aligner, photos: Path, tmp_path: Path
) -> None:
    aligned()
    output, _ = aligned()
    assert "pictures aligned now: 0" in output
    chip = tmp_path / "chips" / "a.jpg" / "0.png"
    before = chip.read_bytes()
    chip.unlink()
    output, _ = aligned()  # a chip that was deleted
    assert "pictures aligned now: 1" in output
    assert chip.read_bytes() == before
    output, _ = aligned("--size", "64")  # another option
    assert "pictures aligned now: 4" in output
    assert cv2.imread(str(chip)).shape == (64, 64, 3)  # type: ignore[union-attr]
    output, _ = aligned("--size", "64", "--model", "slim68")  # another model
    assert "pictures aligned now: 4" in output
    shutil.copy(photos / "a.bmp", photos / "a.jpg")  # another picture, without a face
    output, rows = aligned("--size", "64", "--model", "slim68")
    assert "pictures aligned now: 1" in output
    assert "2 faces of 4 pictures" in output
    assert rows["a.jpg"]["faces"] == []
    assert not chip.exists()  # or a face would stay that the log does not know


def test_align_never_takes_in_its_own_output(
    aligned: Aligner, photos: Path, tmp_path: Path
) -> None:
    output, _ = aligned(out="photos/chips")
    assert "of 4 pictures" in output
    for out in ("photos/chips", "photos/deep/../chips", str(photos.resolve() / "chips")):
        again, _ = aligned(out=out)
        assert "of 4 pictures are" in again
    (tmp_path / "linked").symlink_to(photos)
    again, _ = aligned(out="linked/chips")
    assert "of 4 pictures are" in again
    again, _ = aligned(out="photos/others")  # nor another run's
    assert "of 4 pictures are" in again
    for out in ("photos", ".", "linked"):
        line = refused_here("align", "photos", "--out", out, folder=tmp_path)
        assert "does not contain the pictures" in line
