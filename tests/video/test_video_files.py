"""Video files and what `danpredict track` says of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import danpredict
from danpredict import Tracker
from danpredict.cli.main import main
from danpredict.video.files import Video, video_output

from ..conftest import Image
from ..program import listed, run_program, write_video


def test_a_video_without_faces_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "v.mp4", [np.zeros((120, 160, 3), np.uint8)] * 3)
    words = ["track", str(tmp_path / "v.mp4"), "--json", str(tmp_path / "o.jsonl")]
    assert main(words) == 0
    assert "no face was found. Try --upsample 1 for smaller faces" in capsys.readouterr().out


def test_upsampling_finds_smaller_faces(tmp_path: Path, astronaut: Image) -> None:
    small = cv2.resize(astronaut, (240, 240), interpolation=cv2.INTER_AREA)
    write_video(tmp_path / "v.mp4", [np.asarray(small, np.uint8)] * 2)
    rows = []
    for upsample in ("0", "1"):
        out = tmp_path / f"{upsample}.jsonl"
        words = ["track", str(tmp_path / "v.mp4"), "--json", str(out), "--upsample", upsample]
        assert main(words) == 0
        rows.append(out.read_text().splitlines())
    assert (len(rows[0]), len(rows[1])) == (0, 2)
    assert json.loads(rows[1][0])["frame"] == 0


def test_sequences_of_pictures_are_no_videos(tmp_path: Path, astronaut: Image) -> None:
    for name in ("img_%03d.png", "img_001.png"):
        (tmp_path / name).write_bytes(cv2.imencode(".png", astronaut)[1].tobytes())
    with pytest.raises(ValueError, match="expected a video"):
        Video(tmp_path / "img_%03d.png")


def test_without_dlib_trackers_work_and_its_detector_names_the_command() -> None:
    code = (
        "import sys; sys.modules['dlib'] = None\nimport danpredict\n"
        "print(type(danpredict.Tracker().detector).__name__)\n"
        "try: danpredict.load_detector('dlib')\nexcept ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Builtin\n")
    assert "pip install 'danpredict[dlib-bin]'" in said.stdout
    assert Tracker is danpredict.Tracker


def test_videos_that_cannot_be_read_back_are_not_kept(tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / "v.mp4"

    def write(*frames: Image) -> None:
        with video_output(path, 25) as output:
            for frame in frames:
                output.write(frame)

    with pytest.raises(OSError, match="1 of 2 frames"):
        write(astronaut, astronaut[:100])  # of another size: OpenCV drops it and does not say so
    with pytest.raises(ValueError, match="got none"):
        write()
    assert not listed(tmp_path)


def test_frames_that_are_missing_are_said(clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    start = data.index(b"mdat") + 4
    place = start + (data.index(b"moov") - start) * 3 // 4 if data.index(b"moov") > start else None
    if place is None:
        pytest.skip("this OpenCV puts the index first")
    # The last quarter of the pictures is cut to zeros; the index still announces twelve.
    end = data.index(b"moov") - 4
    (tmp_path / "v.mp4").write_bytes(data[:place] + bytes(end - place) + data[end:])
    video = Video(tmp_path / "v.mp4")
    decoded = sum(1 for _ in video)
    assert video.frames == 12
    assert video.missing == 12 - decoded > 0
    ended = run_program("track", "v.mp4", "--json", "o.jsonl", folder=tmp_path)
    assert ended.code == 0
    assert f"announces 12 frames; {video.missing} could not be decoded" in ended.output
