"""Read video files and cameras safely; write video files completely or not at all."""

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

MIN_FPS, MAX_FPS = 0.01, 10_000  # frames per second; other values in a file are damage
DEFAULT_FPS = 30.0
WRITABLE = (".mp4", ".m4v", ".mov", ".avi", ".mkv")  # suffixes of videos that can be written

# First bytes of the containers that OpenCV's FFmpeg plays. Text formats are refused on purpose:
# playlists (ffconcat, HLS, DASH) and session descriptions make FFmpeg open other files and URLs.
CONTAINERS = (
    b"RIFF", b"\x1aE\xdf\xa3", b"FLV", b"OggS", b"0&\xb2u\x8ef\xcf\x11", b"GIF8", b"YUV4MPEG2 ",
    b"\x00\x00\x00\x01", b"\x00\x00\x01", b"DKIF", b"NUT",
    b"\x06\x0e+4", b".RMF",
)  # fmt: skip
QUICKTIME = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")  # bytes 4 to 7
SYNC_BYTE, PACKET = 0x47, 188  # MPEG transport streams: first byte and length of a packet


def is_container(head: bytes) -> bool:
    """Whether a file with these first bytes is a video container and not a playlist or text."""
    if head.startswith(CONTAINERS) or head[4:8] in QUICKTIME:
        return True
    starts = head[:1], head[PACKET : PACKET + 1]
    return starts == (bytes([SYNC_BYTE]), bytes([SYNC_BYTE]))


def _check_file(path: Path) -> None:
    """Raise `FileNotFoundError` or ValueError if OpenCV must not open the file."""
    if not path.exists():
        raise FileNotFoundError(f"expected a video file or the number of a camera, found no {path}")
    if not path.is_file():
        raise ValueError(f"expected a video file, got {path}, a folder, a device or a pipe")
    with path.open("rb") as stream:
        head = stream.read(PACKET + 1)
    if not is_container(head):
        raise ValueError(
            f"expected a video (MP4, MOV, AVI, MKV, WebM, MPEG, ...), got {path} with the first "
            f"bytes {head[:16]!r}"
        )


class Video:
    """The frames of a file or a camera, (H, W, 3) RGB uint8.

    Parameters
    ----------
    source : path of a file, or the number of a camera

    Attributes
    ----------
    is_camera : bool
    first : (H, W, 3) BGR uint8
        The first frame.
    fps : float
        Frames per second; 30 if the file has no plausible value.
    frames : int or None
        Number of frames according to the file; None for a camera.
    read : int
        Number of frames that were read so far.

    Raises
    ------
    FileNotFoundError, ValueError
        No such file, or OpenCV cannot play it. Pipes, devices and playlists are refused.
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
                f"expected a camera or a video file, got no picture from camera {text}. Without a "
                "camera, pass a file"
            )
        if not opened or first is None:
            raise ValueError(
                f"expected a video that OpenCV can play, got {text}: damaged, empty, or it needs "
                "a codec that this OpenCV lacks"
            )
        self.first = first
        fps = self.capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if MIN_FPS <= fps <= MAX_FPS else DEFAULT_FPS
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
        """Number of frames that the file announces but that could not be decoded."""
        return max(0, (self.frames or 0) - self.read)


class VideoOutput:
    """Writes (H, W, 3) RGB uint8 frames of one size to a video file; see `video_output`."""

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
                raise ValueError(f"OpenCV cannot write videos of the kind {self.path.suffix!r}")
        self.writer.write(np.ascontiguousarray(frame[..., ::-1]))
        self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self.writer is not None:
            self.writer.release()
            self.writer = None


def _count_frames(path: Path) -> int:
    """Number of frames that can be decoded."""
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    return count


@contextmanager
def video_output(path: Path, fps: float) -> Iterator[VideoOutput]:
    """Write a video completely or not at all; see `danpredict.files.outputs.replacing`.

    OpenCV does not report a full disk. So all frames are read back before the file gets its name.

    Raises
    ------
    OSError
        Some frames cannot be read back; most likely the disk is full.
    ValueError
        OpenCV cannot write this kind of video, no frame was written, or ``fps`` is out of range.
    """
    if not MIN_FPS <= fps <= MAX_FPS:  # also NaN; OpenCV never returns with some of these
        raise ValueError(f"expected {MIN_FPS} to {MAX_FPS} frames per second, got {fps}")
    with replacing(path) as temporary, quiet_opencv():
        output = VideoOutput(temporary, fps)
        try:
            yield output
        finally:
            output.close()
        if not output.frames:
            raise ValueError(f"expected at least one frame for {path}, got none")
        readable = _count_frames(temporary)
        if readable != output.frames:
            raise OSError(
                f"could not write {path}: {readable} of {output.frames} frames can be read back. "
                "The disk may be full"
            )
