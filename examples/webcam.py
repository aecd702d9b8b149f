"""Show landmarks, confidence and frames per second in a window. Escape or q closes it.

python examples/webcam.py             # the first camera
python examples/webcam.py video.mp4   # a video file
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import cv2
import numpy as np

import danpredict
from danpredict.drawing.marks import WHITE, write
from danpredict.error_boundary import run_program
from danpredict.video.files import Video

ENDS = (27, ord("q"))


def check_display() -> None:
    """Raise OSError if there is no display: OpenCV would end the program without an exception."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        raise OSError("expected a display for the window: DISPLAY is not set")


def main(arguments: list[str] | None = None) -> int:
    """Show a camera or a video file until it ends or a key is pressed."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("video", nargs="?", default="0", help="video file, or number of a camera")
    parser.add_argument("--smoothing", type=float, default=0.5, help="from 0 (none) to 1")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)

    def run() -> None:
        check_display()
        try:
            show(given.video, given.smoothing)
        except cv2.error as error:
            raise OSError(f"OpenCV cannot open a window here ({error.err})") from error

    return run_program("webcam.py", run, debug=given.debug, stopped="the window is closed")


def show(source: str, smoothing: float) -> None:
    """Show all frames and faces until a key is pressed."""
    video = Video(source)
    tracker = danpredict.Tracker(smoothing=smoothing)
    rate = 0.0
    for frame in video:
        start = time.perf_counter()
        faces = tracker.update(frame)
        rate += 0.1 * (1 / (time.perf_counter() - start) - rate)
        shown = danpredict.draw(frame, faces, boxes=False)
        write(shown, f"{rate:.0f} frames a second", (8, 20), WHITE, height=13)
        cv2.imshow("danpredict", np.ascontiguousarray(shown[..., ::-1]))  # OpenCV shows BGR
        if cv2.waitKey(1) & 0xFF in ENDS:
            break


if __name__ == "__main__":
    sys.exit(main())
