"""Track a whole video and write its landmarks: drawn into the frames, or as JSON."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from danpredict.drawing.faces import draw
from danpredict.files.outputs import replacing_text
from danpredict.video.files import Video, video_output
from danpredict.video.tracker import Tracker


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
        lines = None if rows is None else stack.enter_context(replacing_text(rows))
        drawn = None if out is None else stack.enter_context(video_output(out, video.fps))
        try:
            for frame in tqdm(video, "tracking", video.frames, unit="frame"):
                start = time.perf_counter()
                detections = tracker.update(frame)
                seconds += time.perf_counter() - start
                if lines is not None:
                    lines.writelines(_json_line(frames, det) + "\n" for det in detections)
                if drawn is not None:
                    drawn.write(draw(frame, detections, boxes=False))
                frames += 1
                faces += len(detections)
        except KeyboardInterrupt:
            if not video.is_camera:
                raise
    return TrackingResult(frames, faces, tracker.detector_calls, seconds)
