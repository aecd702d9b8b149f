"""Video files and cameras: read safely, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from danpredict.files.outputs import replacing
from danpredict.files.pictures import quiet_opencv
from danpredict.geometry.sampling import Image

SLOWEST, FASTEST = 0.01, 10_000  # frames a second
VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv")  # that can be written

# First bytes of the containers that OpenCV's FFmpeg plays. Text formats are left out on purpose:
# playlists (ffconcat, HLS, DASH) and session descriptions make it open other files and addresses.
CONTAINERS = (
    b"RIFF", b"\x1aE\xdf\xa3", b"FLV", b"OggS", b"0&\xb2u\x8ef\xcf\x11", b"GIF8", b"YUV4MPEG2 ",
    b"\x00\x00\x00\x01", b"\x00\x00\x01", b"DKIF", b"NUT",
    b"\x06\x0e+4", b".RMF",
)  # fmt: skip
QUICKTIME = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")  # after four bytes
TRANSPORT, PACKET = 0x47, 188  # MPEG transport streams start every packet of 188 bytes so


def is_container(head: bytes) -> bool:
    """Whether a file that starts with these bytes is a video container, no playlist or text."""
    if head.startswith(CONTAINERS) or head[4:8] in QUICKTIME:
        return True
    starts = head[:1], head[PACKET : PACKET + 1]
    return starts == (bytes([TRANSPORT]), bytes([TRANSPORT]))


def _check_file(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"expected a video file or a camera's number, found no {path}")
    if not path.is_file():
        raise ValueError(f"expected a video file, got {path}, a folder, a device or a pipe")
    with path.open("rb") as stream:
        head = stream.read(PACKET + 1)
    if not is_container(head):
        raise ValueError(
            f"expected a video (MP4, MOV, AVI, MKV, WebM, MPEG, ...), got {path}, which starts "
            f"with {head[:16]!r}"
        )


class Video:
    """Frames of a file or a camera, RGB.

    Attributes
    ----------
    fps : float
        30 where the file does not say, or says nonsense.
    frames : int or None
        As many as the file announces; None for a camera.
    read : int
        Frames that came so far.

    Raises
    ------
    FileNotFoundError, ValueError
        No such file, or nothing that OpenCV can play. Pipes, devices and playlists are refused.
    """

    def __init__(self, source: str | Path | int) -> None:
        text = str(source)
        self.is_camera = text.isdecimal()
        if not self.is_camera:
            _check_file(Path(text))
        with quiet_opencv():
            self.capture = cv2.VideoCapture(int(text) if self.is_camera else text)
            opened, first = self.capture.read() if self.capture.isOpened() else (False, None)
        if self.is_camera and (not opened or first is None):
            raise ValueError(
                f"expected a camera or a video file, got no picture from camera {text}: name a "
                "file where there is no camera"
            )
        if not opened or first is None:
            raise ValueError(
                f"expected a video that OpenCV can play, got {text}: damaged, empty, or a codec "
                "that this OpenCV lacks"
            )
        self.first = first
        fps = self.capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if SLOWEST <= fps <= FASTEST else 30.0
        count = int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frames = count if count > 0 and not self.is_camera else None
        self.read = 0

    def __iter__(self) -> Iterator[Image]:
        frame: Any = self.first
        while frame is not None:
            self.read += 1
            yield np.ascontiguousarray(frame[..., ::-1], np.uint8)
            _, frame = self.capture.read()
        self.capture.release()

    @property
    def missing(self) -> int:
        """Frames that the file announced and that could not be decoded."""
        return max(0, (self.frames or 0) - self.read)


class VideoOutput:
    """Writes RGB frames of one size to a video file; see `video_output`."""

    def __init__(self, path: Path, fps: float) -> None:
        self.path, self.fps = path, fps
        self.frames = 0
        self.writer: cv2.VideoWriter | None = None

    def write(self, frame: Image) -> None:
        """Add a frame."""
        if self.writer is None:
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self.writer = cv2.VideoWriter(str(self.path), code, self.fps, frame.shape[1::-1])
            if not self.writer.isOpened():
                raise ValueError(f"OpenCV cannot write videos that end in {self.path.suffix}")
        self.writer.write(np.ascontiguousarray(frame[..., ::-1]))
        self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self.writer is not None:
            self.writer.release()
            self.writer = None


def _count_frames(path: Path) -> int:
    """Frames that can be decoded."""
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    return count


@contextmanager
def video_output(path: Path, fps: float) -> Iterator[VideoOutput]:
    """Write a video, whole or not at all; see `danpredict.files.outputs.replacing`.

    OpenCV does not say that a disk is full. So the file is played once before it takes its name.

    Raises
    ------
    OSError
        The file does not hold all frames: most likely the disk is full.
    ValueError
        OpenCV cannot write such a video, no frame was written, or ``fps`` makes no sense.
    """
    if not SLOWEST <= fps <= FASTEST:  # NaN too; OpenCV would hang for ever on some
        raise ValueError(f"expected {SLOWEST} to {FASTEST} frames a second, got {fps}")
    with replacing(path) as temporary, quiet_opencv():
        output = VideoOutput(temporary, fps)
        try:
            yield output
        finally:
            output.close()
        if not output.frames:
            raise ValueError(f"expected frames to write to {path}, got none")
        found = _count_frames(temporary)
        if found != output.frames:
            raise OSError(
                f"could not write {path}: {found} of {output.frames} frames can be read back; the "
                "disk may be full"
            )
