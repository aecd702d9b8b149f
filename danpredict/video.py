"""Videos: read, tracked, drawn."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from danpredict.images import Image
from danpredict.tracker import Tracker

SURE, UNSURE = (0, 190, 255), (230, 90, 0)  # RGB of landmarks, by confidence


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Without OpenCV's own lines on standard error: what is wrong is said by an exception."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


class Video:
    """Frames of a file or a camera, RGB.

    Raises
    ------
    FileNotFoundError, ValueError
        No such file, or nothing that OpenCV can play.
    """

    def __init__(self, source: str | Path | int) -> None:
        text = str(source)
        camera = text.isdecimal()
        if not camera and not Path(text).is_file():
            raise FileNotFoundError(f"expected a video file or a camera's number, found no {text}")
        with quiet_opencv():
            self.capture = cv2.VideoCapture(int(text) if camera else text)
            opened, first = self.capture.read() if self.capture.isOpened() else (False, None)
        if camera and (not opened or first is None):
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
        self.fps = self.capture.get(cv2.CAP_PROP_FPS) or 30.0
        count = int(self.capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frames = count if count > 0 else None  # a camera has no end

    def __iter__(self) -> Iterator[Image]:
        frame: Any = self.first
        while frame is not None:
            yield np.ascontiguousarray(frame[..., ::-1], np.uint8)
            _, frame = self.capture.read()
        self.capture.release()


def draw_faces(frame: Image, faces: Sequence[Any]) -> Image:
    """The frame with landmarks, numbers and confidences."""
    drawn = frame.copy()
    for face in faces:
        low, high = face.landmarks.min(0), face.landmarks.max(0)
        radius = max(1, round(float(high[0] - low[0]) / 80))
        colour = SURE if face.confidence is None or face.confidence > 0.7 else UNSURE
        for x, y in face.landmarks:
            place = (round(float(x) * 16), round(float(y) * 16))
            cv2.circle(drawn, place, radius * 16, colour, -1, cv2.LINE_AA, 4)
        label = (
            f"{face.track_id}"
            if face.confidence is None
            else (f"{face.track_id}: {face.confidence:.2f}")
        )
        large = max(1, radius // 2)  # 12 pixels high on a small face
        place = (int(low[0]), max(12 * large, int(low[1]) - 8 * large))
        cv2.putText(
            drawn, label, place, cv2.FONT_HERSHEY_SIMPLEX, large / 2, colour, large, cv2.LINE_AA
        )
    return drawn


class Played(NamedTuple):
    """What became of a video."""

    frames: int
    faces: int
    detector_calls: int
    seconds: float


def _row(number: int, face: Any) -> str:
    return json.dumps(
        {
            "frame": number,
            "track_id": face.track_id,
            "confidence": face.confidence,
            "landmarks": face.landmarks.round(3).tolist(),
        }
    )


def track_video(
    video: Video, tracker: Tracker, out: Path | None = None, rows: Path | None = None
) -> Played:
    """Track a whole video; ``out`` gets it with landmarks drawn, ``rows`` a JSON line per face.

    Raises
    ------
    ValueError
        OpenCV cannot write such a video.
    """
    writer = None
    frames = faces = 0
    seconds = 0.0
    lines = None if rows is None else rows.open("w", encoding="utf-8")
    try:
        for frame in tqdm(video, "tracking", video.frames, unit="frame"):
            start = time.perf_counter()
            found = tracker.update(frame)
            seconds += time.perf_counter() - start
            if lines is not None:
                lines.writelines(_row(frames, face) + "\n" for face in found)
            if out is not None:
                if writer is None:
                    size = frame.shape[1::-1]
                    code = cv2.VideoWriter.fourcc(*"mp4v")
                    writer = cv2.VideoWriter(str(out), code, video.fps, size)
                    if not writer.isOpened():
                        raise ValueError(f"expected a name like tracked.mp4 to write to, got {out}")
                writer.write(np.ascontiguousarray(draw_faces(frame, found)[..., ::-1]))
            frames += 1
            faces += len(found)
    finally:
        if lines is not None:
            lines.close()
        if writer is not None:
            writer.release()
    return Played(frames, faces, tracker.detector_calls, seconds)
