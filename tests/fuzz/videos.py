"""Video files: damaged ones, the starts of other formats, pictures, and playlists."""

from __future__ import annotations

import math
import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from danpredict.video.annotate import track_video
from danpredict.video.files import CONTAINERS, QUICKTIME, Video, video_output
from danpredict.video.tracker import Tracker

from .harness import Rng, attempt
from .mutations import damaged, pick
from .shared import face_picture, predictor

NAMED = (FileNotFoundError, ValueError)
FRAMES = 6
MOST_FRAMES = 100  # to read of a file whose damage made it long
CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v", ".mov": "mp4v"}
TEXTS = [
    "ffconcat version 1.0\nfile 'secret.mp4'\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n",
    '<?xml version="1.0"?><MPD type="static"><Period></Period></MPD>',
    "[playlist]\nFile1=secret.mp4\n",
    "file:secret.mp4",
    "",
]


def _write(path: Path) -> None:
    height, width = 64, 96
    size = (width, height)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*CODECS[path.suffix]), 25, size)
    for i in range(FRAMES):
        writer.write(np.ascontiguousarray(face_picture()[i : i + height, i : i + width]))
    writer.release()


@cache
def video_bytes(suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        _write(path)
        return path.read_bytes()


def _picture(rng: Rng) -> bytes:
    suffix = pick(rng, [".png", ".jpg", ".bmp", ".gif", ".webp", ".tiff"])
    return bytes(cv2.imencode(suffix, face_picture())[1])


def _contents(rng: Rng) -> bytes:
    data = video_bytes(pick(rng, [*CODECS]))
    way = rng.random()
    if way < 0.45:
        head = pick(rng, [100, 1000, len(data)])
        return damaged(rng, data[:head]) + data[head:]
    if way < 0.6:
        return damaged(rng, data)
    if way < 0.7:
        return _picture(rng)
    text = pick(rng, TEXTS).encode()
    if way < 0.8:
        return text
    starts = [*CONTAINERS, *(b"\x00\x00\x00\x20" + kind for kind in QUICKTIME), b"G" + bytes(187)]
    return pick(rng, starts) + pick(rng, [b"", rng.bytes(300), b"\n" + text, data[8:], bytes(300)])


def _read(path: Path) -> tuple[int, int] | None:
    """Number of frames and those missing; None where the file is refused."""
    video = Video(path)
    assert math.isfinite(video.fps)
    assert video.fps > 0
    for frame in video:
        assert frame.dtype == np.uint8
        assert frame.ndim == 3
        assert frame.shape[2] == 3
        if video.read > MOST_FRAMES:
            break
    return video.read, video.missing


def case(rng: Rng, folder: Path) -> None:
    """A file that is read; what can be read is tracked and written as well, now and then."""
    (folder / "secret.mp4").write_bytes(video_bytes(".mp4"))
    path = folder / f"input{pick(rng, ['.mp4', '.avi', '.mkv', '.txt', ''])}"
    path.write_bytes(_contents(rng))
    found = attempt(NAMED, _read, path)
    if found is None or found[0] > MOST_FRAMES or rng.random() < 0.5:
        return
    out, rows = folder / "out.mp4", folder / "rows.jsonl"
    tracker = Tracker(predictor(), lambda image: [(10, 5, 70, 60)])
    # Documented of what cannot be written, such as frames of odd sizes.
    result = attempt((OSError, ValueError), lambda: track_video(Video(path), tracker, out, rows))
    assert out.exists() == (result is not None)
    if result is not None:
        assert Video(out).frames == result.frames
        assert len(rows.read_text("utf-8").splitlines()) == result.faces
    assert {item.name for item in folder.iterdir()} <= {
        path.name,
        "secret.mp4",
        out.name,
        rows.name,
    }


def output_case(rng: Rng, folder: Path) -> None:
    """A video that is written: odd rates and sizes give a whole file or an error."""
    path = folder / pick(rng, ["a.mp4", "a.avi", "a.mkv", "a.mov", "a.txt", "a"])
    fps = pick(rng, [25, 1e-9, 1e9, 0, -1, float("nan"), float("inf"), 29.97])
    side = pick(rng, [1, 2, 3, 16, 17, 64])
    count = int(rng.integers(0, 4))

    def write() -> bool:
        with video_output(path, fps) as output:
            for _ in range(count):
                output.write(np.zeros((side, side + 2, 3), np.uint8))
        return True

    written = attempt((OSError, ValueError), write)
    assert path.exists() == bool(written)
    assert {item.name for item in folder.iterdir()} <= {path.name}
