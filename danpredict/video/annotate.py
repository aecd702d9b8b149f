"""Whole videos: tracked, and drawn."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import cv2
from tqdm import tqdm

from danpredict.files.outputs import replacing
from danpredict.geometry.sampling import Image
from danpredict.video.files import Video, video_output
from danpredict.video.tracker import Tracker

SURE, UNSURE = (0, 190, 255), (230, 90, 0)  # RGB of landmarks, by confidence


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

    Both files are written whole or not at all. A camera has no end: Ctrl-C ends its video.

    Raises
    ------
    OSError, ValueError
        A file cannot be written; see `danpredict.video.files.video_output`.
    """
    frames = faces = 0
    seconds = 0.0
    with ExitStack() as stack:
        drawn = None if out is None else stack.enter_context(video_output(out, video.fps))
        lines = None if rows is None else stack.enter_context(_text_output(rows))
        try:
            for frame in tqdm(video, "tracking", video.frames, unit="frame"):
                start = time.perf_counter()
                found = tracker.update(frame)
                seconds += time.perf_counter() - start
                if lines is not None:
                    lines.writelines(_row(frames, face) + "\n" for face in found)
                if drawn is not None:
                    drawn.write(draw_faces(frame, found))
                frames += 1
                faces += len(found)
        except KeyboardInterrupt:
            if not video.is_camera:
                raise
    return Played(frames, faces, tracker.detector_calls, seconds)


@contextmanager
def _text_output(path: Path) -> Iterator[TextIO]:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        yield stream
