"""``danpredict track``."""

from __future__ import annotations

import argparse
from pathlib import Path

from danpredict.cli.arguments import DEFAULT_HELP, MODEL_HELP, add_detector_options, input_files
from danpredict.files.outputs import check_outputs, check_suffix

HELP = "track the faces of a video or a camera"
DESCRIPTION = (
    "Track all faces of a video file or a camera. Write the video with landmarks drawn on it, or a "
    "file with one JSON line per face and frame, or both. Ctrl-C ends the recording of a camera."
)
EXAMPLE = "danpredict track talk.mp4 --out tracked.mp4 --upsample 1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("video", help="video file, or the number of a camera")
    parser.add_argument("--out", type=Path, metavar="FILE.mp4", help="video to write")
    parser.add_argument("--json", type=Path, metavar="FILE.jsonl", help="JSON lines to write")
    parser.add_argument(
        "--smoothing", type=float, default=0.5, help="from 0 (none) to 1 (strongest); default 0.5"
    )
    parser.add_argument("--model", help=f"{MODEL_HELP}; {DEFAULT_HELP.format('slim68')}")
    add_detector_options(parser)


def run(arguments: argparse.Namespace) -> None:
    """Track the faces of a video."""
    from danpredict.detectors.load import load_detector
    from danpredict.predictor.predictor import DANShapePredictor
    from danpredict.video.annotate import track_video
    from danpredict.video.files import WRITABLE, Video
    from danpredict.video.tracker import Tracker

    outputs = [path for path in (arguments.out, arguments.json) if path is not None]
    if arguments.out is not None:
        check_suffix(arguments.out, WRITABLE)
    inputs = [path for path in (Path(arguments.video), *input_files(arguments)) if path.is_file()]
    check_outputs(outputs, inputs)
    detector = load_detector(
        arguments.detector, weights=arguments.weights, upsample=arguments.upsample
    )
    predictor = None if arguments.model is None else DANShapePredictor(arguments.model)
    tracker = Tracker(predictor, detector, smoothing=arguments.smoothing)
    video = Video(arguments.video)
    result = track_video(video, tracker, arguments.out, arguments.json)
    speed = result.frames / max(result.seconds, 1e-9)
    print(
        f"{result.frames} frames, {result.faces} faces in total, detector calls: "
        f"{result.detector_calls}, {speed:.0f} frames per second"
    )
    if video.missing:
        print(f"the file announces {video.frames} frames; {video.missing} could not be decoded")
    if not result.faces:
        print(
            f"no face was found. Try --upsample {arguments.upsample + 1} for smaller faces, or "
            "another --detector"
        )
    for path in outputs:
        print(f"wrote {path}")
