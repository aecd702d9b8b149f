"""``danpredict track``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from danpredict.boxes.detectors import detectors
from danpredict.cli.arguments import (
    doublings,
    input_files,
)
from danpredict.files.outputs import check_outputs, check_suffix

if TYPE_CHECKING:
    pass


HELP = "follow the faces of a video"
DESCRIPTION = (
    "Follow all faces of a video file or a camera, steadily, and write the video "
    "with landmarks drawn, or a JSON line per face and frame."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("video", help="a file, or a camera's number")
    parser.add_argument("--out", type=Path, metavar="FILE.mp4", help="the video with landmarks")
    parser.add_argument("--json", type=Path, metavar="FILE.jsonl", help="a line per face and frame")
    parser.add_argument(
        "--smoothing", type=float, default=0.5, help="0 is off, 1 the steadiest; 0.5 by default"
    )
    parser.add_argument("--model", help="name of a shipped model, or a file; by default slim68")
    parser.add_argument("--detector", default="dlib", help=", ".join(detectors()))
    parser.add_argument("--weights", type=Path, help="the detector's file")
    parser.add_argument(
        "--upsample", type=doublings, default=0, metavar="N",
        help="double the frames N times for dlib's detectors, to find smaller faces",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Follow the faces of a video."""
    from danpredict.boxes.detectors import load_detector
    from danpredict.predictor.predictor import DANShapePredictor
    from danpredict.video.annotate import track_video
    from danpredict.video.files import WRITABLE, Video
    from danpredict.video.tracker import Tracker

    outputs = [path for path in (arguments.out, arguments.json) if path is not None]
    if arguments.out is not None:
        check_suffix(arguments.out, WRITABLE)
    check_outputs(
        outputs, [p for p in (Path(arguments.video), *input_files(arguments)) if p.is_file()]
    )
    detector = load_detector(
        arguments.detector, weights=arguments.weights, upsample=arguments.upsample
    )
    predictor = None if arguments.model is None else DANShapePredictor(arguments.model)
    tracker = Tracker(predictor, detector, smoothing=arguments.smoothing)
    video = Video(arguments.video)
    played = track_video(video, tracker, arguments.out, arguments.json)
    print(
        f"{played.frames} frames, {played.faces} faces in them, {played.detector_calls} calls of "
        f"the detector, {played.frames / max(played.seconds, 1e-9):.0f} frames a second"
    )
    if video.missing:
        print(f"the file announces {video.frames} frames; {video.missing} could not be decoded")
    if not played.faces:
        print(
            f"no face was found in any frame; --upsample {arguments.upsample + 1} finds smaller "
            "ones, and --detector takes another detector"
        )
    for path in outputs:
        print(f"wrote {path}")
