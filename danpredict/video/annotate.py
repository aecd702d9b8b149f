"""Track a whole video and write its landmarks: drawn into the frames, or as JSON."""

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

CONFIDENT_COLOUR, UNCERTAIN_COLOUR = (0, 190, 255), (230, 90, 0)  # RGB
CONFIDENT = 0.7  # faces with a lower confidence get the other colour
SUBPIXEL_BITS = 4  # cv2.circle takes coordinates in sixteenths of a pixel


def draw_faces(frame: Image, faces: Sequence[Any]) -> Image:
    """A copy of the frame with landmarks, track numbers and confidences drawn on it."""
    drawn = frame.copy()
    for face in faces:
        low, high = face.landmarks.min(0), face.landmarks.max(0)
        radius = max(1, round(float(high[0] - low[0]) / 80))
        confident = face.confidence is None or face.confidence > CONFIDENT
        colour = CONFIDENT_COLOUR if confident else UNCERTAIN_COLOUR
        unit = 2**SUBPIXEL_BITS
        for x, y in face.landmarks:
            centre = (round(float(x) * unit), round(float(y) * unit))
            cv2.circle(drawn, centre, radius * unit, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
        label = f"{face.track_id}"
        if face.confidence is not None:
            label += f": {face.confidence:.2f}"
        scale = max(1, radius // 2)  # 1: text 12 pixels high, for a small face
        corner = (int(low[0]), max(12 * scale, int(low[1]) - 8 * scale))
        cv2.putText(
            drawn, label, corner, cv2.FONT_HERSHEY_SIMPLEX, scale / 2, colour, scale, cv2.LINE_AA
        )
    return drawn


class TrackingResult(NamedTuple):
    """The result of `track_video`.

    Attributes
    ----------
    frames : int
    faces : int
        Sum over all frames.
    detector_calls : int
    seconds : float
        Time in the tracker, without reading and writing of videos.
    """

    frames: int
    faces: int
    detector_calls: int
    seconds: float


def _json_line(number: int, face: Any) -> str:
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
) -> TrackingResult:
    """Track the faces of a whole video.

    Parameters
    ----------
    video : Video
        A camera has no last frame: Ctrl-C ends the recording, and both files are kept.
    tracker : Tracker
    out : Path, optional
        A video to write, with landmarks drawn on the frames.
    rows : Path, optional
        A JSON Lines file to write, with one line per face and frame.

    Raises
    ------
    OSError, ValueError
        A file cannot be written; see `danpredict.video.files.video_output`. Neither file is written
        then.
    """
    frames = faces = 0
    seconds = 0.0
    with ExitStack() as stack:
        # In this order the video is finished and checked first: if that fails, neither is written.
        lines = None if rows is None else stack.enter_context(_text_output(rows))
        drawn = None if out is None else stack.enter_context(video_output(out, video.fps))
        try:
            for frame in tqdm(video, "tracking", video.frames, unit="frame"):
                start = time.perf_counter()
                detections = tracker.update(frame)
                seconds += time.perf_counter() - start
                if lines is not None:
                    lines.writelines(_json_line(frames, det) + "\n" for det in detections)
                if drawn is not None:
                    drawn.write(draw_faces(frame, detections))
                frames += 1
                faces += len(detections)
        except KeyboardInterrupt:
            if not video.is_camera:
                raise
    return TrackingResult(frames, faces, tracker.detector_calls, seconds)


@contextmanager
def _text_output(path: Path) -> Iterator[TextIO]:
    """Write a text file completely or not at all; see `danpredict.files.outputs.replacing`."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        yield stream
