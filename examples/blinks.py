"""Blinks in videos: how far the eye aspect ratio falls when the eyes are shut.

    python examples/blinks.py CLIPS tests/data/blinks.json

CLIPS is a folder of videos. The JSON file lists for each video the numbers of the frames with shut
eyes, and of unclear frames, which do not count. The table says how many frames with shut eyes have
less than half of the clip's median ratio of open eyes, and how many open ones have. dlib and
danpredict start from the boxes of a detector in every frame; "tracked" is danpredict's `Tracker`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from comparison.clips import upsample_for
from comparison.contestants import load_all, usual
from tqdm import tqdm

import danpredict
from danpredict.error_boundary import run_program
from danpredict.evaluation.blinks import blink_report
from danpredict.landmarks.convention import read_ranges
from danpredict.landmarks.openness import eye_aspect_ratio
from danpredict.landmarks.points import landmarks_of
from danpredict.video.files import Video

Look = Callable[[Any], Any]  # from a frame to the detection of its largest face, or None


def looks(upsample: int) -> dict[str, Look]:
    """The ways to find the landmarks of a frame, by name."""
    detector = danpredict.load_detector("auto", upsample=upsample)
    tracker = danpredict.Tracker(detector=detector)

    def tracked(frame: Any) -> Any:
        return max(tracker.update(frame), key=lambda face: face.rect.area(), default=None)

    def single(predictor: Any) -> Look:
        def look(frame: Any) -> Any:
            boxes = detector(frame)
            if not boxes:
                return None
            best = max(boxes, key=lambda box: box.score or 0.0)
            return predictor(frame, danpredict.rectangle(*(round(side) for side in best.sides)))

        return look

    contestants = {c.name: single(c.predictor) for c in load_all(usual(None), None)}
    return {**contestants, "tracked": tracked}


def measure(given: argparse.Namespace) -> None:
    """Print the table."""
    marks = json.loads(given.marks.read_text("utf-8"))["clips"]
    names = list(looks(0))
    print(f"| clip | shut | open | {' | '.join(names)} |")
    print("|---|---|---|" + "---|" * len(names))
    for name, clip in marks.items():
        video = Video(given.clips / name)
        ways = looks(upsample_for(video))
        ratios: dict[str, list[float]] = {way: [] for way in ways}
        for frame in tqdm(video, name, video.frames, leave=False):
            for way, look in ways.items():
                face = look(frame)
                ear = np.nan if face is None else float(eye_aspect_ratio(landmarks_of(face)))
                ratios[way].append(ear)
        count = len(ratios[names[0]])
        shut, unclear = (read_ranges(clip[key], count) for key in ("shut", "unclear"))
        cells = []
        for way in ways:
            row = blink_report(np.array(ratios[way]), shut, unclear)
            cells.append(
                f"{row['below_half']:.0f} % ({row['false_below_half']:.1f} %), "
                f"{row['open_median']:.2f} / {row['shut_median']:.2f}"
            )
        print(f"| {Path(name).stem} | {row['shut']} | {row['open']} | {' | '.join(cells)} |")


def main(arguments: list[str] | None = None) -> int:
    """Print a table with a row per video."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("clips", type=Path, help="folder of videos")
    parser.add_argument("marks", type=Path, help="JSON file of frame numbers")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)
    return run_program("blinks.py", lambda: measure(given), debug=given.debug)


if __name__ == "__main__":
    sys.exit(main())
