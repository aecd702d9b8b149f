"""Frames a second on videos and pictures a second on folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ..conftest import Image
from ..program import write_video
from .conftest import Example


@pytest.fixture
def crowd_folder(example: Example, astronaut: Image, rect: Any, tmp_path: Path) -> Path:
    """A folder of two pictures of four faces, and a video of them."""
    picture, _ = example("comparison.speed_pictures").crowd(astronaut, rect, 4)
    folder = tmp_path / "crowd"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), picture[..., ::-1])
    large = np.asarray(cv2.resize(picture, (480, 480)), np.uint8)
    write_video(folder / "video.mp4", [large] * 5)
    return folder


def test_frames_and_pictures_a_second(
    example: Example, both: list[Any], crowd_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = example("comparison.clips")
    assert clips.find_clips([crowd_folder]) == (crowd_folder / "video.mp4",)
    row = clips.time_clip(crowd_folder / "video.mp4", both)
    assert row["what"] == "video, 480 x 480, 5 frames, frames a second"
    assert row["dlib"]["ratio"] == 1
    assert row["danpredict"]["ratio"] > 1.5  # one call of the detector, not five
    ratio = row["danpredict"]["rate"] / row["dlib"]["rate"]
    assert row["danpredict"]["ratio"] == pytest.approx(ratio)

    folder = example("comparison.folder")
    monkeypatch.setattr(folder, "TURNS", 1)
    row = folder.time_folder(crowd_folder, both)
    assert row["what"] == "crowd, 2 pictures, pictures a second"
    assert row["dlib"]["ratio"] == 1
    assert row["danpredict"]["rate"] > 0
    assert [path.name for path in folder.pictures_of(crowd_folder)] == ["a.png", "b.png"]


def test_inputs_without_videos_faces_or_pictures(
    example: Example, both: list[Any], tmp_path: Path
) -> None:
    blank = tmp_path / "blank.mp4"
    with pytest.raises(FileNotFoundError, match="expected videos"):
        example("comparison.clips").find_clips([tmp_path])
    with pytest.raises(FileNotFoundError, match="expected pictures"):
        example("comparison.folder").time_folder(tmp_path, both)
    write_video(blank, [np.full((400, 400, 3), 127, np.uint8)] * 2)
    with pytest.raises(ValueError, match="expected a video with faces"):
        example("comparison.clips").time_clip(blank, both)
