"""Command line: what can be asked for; `danpredict.commands` does it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from danpredict import commands as commands_of
from danpredict.detectors import detectors
from danpredict.error_boundary import run_program
from danpredict.layouts import conventions
from danpredict.version import __version__

Number = TypeVar("Number", int, float)
MOST_DOUBLINGS = 4  # a picture of 2 megapixels then has 500


def _number(text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def _fraction(text: str) -> float:
    value = _number(text, float)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a fraction from 0 up to 1, got {text}")
    return value


def _positive(text: str) -> int:
    value = _number(text, int)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text}")
    return value


def _whole(text: str) -> int:
    value = _number(text, int)
    if not 0 <= value <= MOST_DOUBLINGS:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 0 to {MOST_DOUBLINGS}, got {text}"
        )
    return value


def _weighted(text: str) -> tuple[Path, float]:
    """``DATASET`` or ``DATASET=WEIGHT``."""
    path, _, weight = text.rpartition("=")
    try:
        value = float(weight) if path else 1.0
    except ValueError:
        path, value = "", 1.0  # an equals sign of the path's own
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a weight above 0, got {text}")
    return Path(path or text), value


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="danpredict", description="Facial landmarks from a Deep Alignment Network."
    )
    parser.add_argument("--version", action="version", version=f"danpredict {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(stopped="nothing was written")
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser(
        "train",
        help="train a model on annotated faces",
        description="Train on 300-W folders (pictures with .pts files), CSV tables or imglab XML. "
        "The same command goes on from the last checkpoint. For several processes: "
        "torchrun --nproc-per-node N -m danpredict train ...",
    )
    train.add_argument(
        "datasets", nargs="+", type=_weighted, metavar="DATASET[=WEIGHT]",
        help="folder, CSV table or imglab XML; a face of weight 2 is drawn twice as often",
    )  # fmt: skip
    train.add_argument("--out", type=Path, required=True, help="folder of the run")
    train.add_argument(
        "--config", default="lean", help="lean (the default), slim, paper, or a .toml file"
    )
    train.add_argument(
        "--extra", action="append", type=_weighted, default=[], metavar="DATASET[=WEIGHT]",
        help="further data for training only; may be given several times",
    )  # fmt: skip
    train.add_argument("--boxes", type=Path, help="JSON of detector rectangles for validation")
    train.add_argument(
        "--validation", type=_fraction, default=0.1, help="fraction of the photos; 0.1 by default"
    )
    train.add_argument(
        "--init", metavar="MODEL", help="begin with a model's weights, not by chance"
    )
    train.add_argument("--faces", type=_positive, help="faces seen, instead of the config's")
    train.add_argument("--seed", type=int, default=0, help="of all that is random; 0 by default")
    train.add_argument("--threads", type=_positive, help="threads of torch; all cores by default")
    train.add_argument("--licence", help="licence of the weights, kept in the model file")
    train.set_defaults(
        run=commands_of.train,
        stopped="the same command resumes from the checkpoint, if there is one",
    )

    evaluate = commands.add_parser(
        "evaluate",
        help="measure a model's errors on annotated faces",
        description="Measure a model on annotated faces, from given rectangles or those of dlib's "
        "HOG detector: errors by three normalisations, by facial part and by stage, and what "
        "sigma and confidence are worth, with as many rectangles of background.",
    )
    evaluate.add_argument("model", help="name of a shipped model, or a file")
    evaluate.add_argument("dataset", type=Path, help="folder, CSV table or imglab XML")
    evaluate.add_argument("--boxes", type=Path, help="JSON of detector rectangles for a folder")
    evaluate.add_argument(
        "--out", type=Path, metavar="FILE.json", help="write all figures, and a picture beside it"
    )
    evaluate.set_defaults(run=commands_of.evaluate)

    relabel = commands.add_parser(
        "relabel",
        help="replace coarse labels by a model's own",
        description="Write a CSV table with a model's landmarks for faces whose labels are coarse "
        "or incomplete, to train on: averaged over starts and mirrored pictures, and kept where "
        "these agree with each other and with the labels. With --teacher, the landmarks are the "
        "mean of several models, and lids and lips are left empty where they disagree.",
    )
    relabel.add_argument("model", help="name of a shipped model, or a file")
    relabel.add_argument(
        "dataset", type=Path,
        help="folder, CSV table, imglab XML, or a CSV table of five points (file,by,x0,y0,...)",
    )  # fmt: skip
    relabel.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
    relabel.add_argument(
        "--teacher", action="append", default=[], metavar="MODEL",
        help="another model, or a teacher.pt, to average with; may be given several times",
    )  # fmt: skip
    relabel.add_argument(
        "--openness", metavar="MODEL",
        help="take lids and lips from this one of the models named",
    )  # fmt: skip
    relabel.set_defaults(run=commands_of.relabel)

    export = commands.add_parser(
        "export",
        help="write a model that computes in int8",
        description="Write a model with eight-bit arithmetic: smaller, and faster on processors "
        "with instructions for it. The range of every layer is taken from some training faces.",
    )
    export.add_argument("model", help="name of a shipped model, or a file")
    export.add_argument(
        "--int8", type=Path, nargs="+", required=True, metavar="DATASET",
        help="training faces: folders, CSV tables or imglab XML",
    )  # fmt: skip
    export.add_argument("--out", type=Path, required=True, metavar="FILE.dan")
    export.set_defaults(run=commands_of.export)

    convert = commands.add_parser(
        "convert",
        help="change the landmark convention of a file",
        description="Read landmarks from .pts, .csv, .json or imglab .xml and write them in "
        f"another convention and kind of file. Conventions: {', '.join(conventions())}.",
    )
    convert.add_argument("file", type=Path)
    convert.add_argument("--from", dest="source", required=True, metavar="CONVENTION")
    convert.add_argument("--to", required=True, metavar="CONVENTION")
    convert.add_argument("--out", type=Path, required=True, metavar="FILE")
    convert.add_argument(
        "--gaps", action="store_true", help="leave out points that cannot be had, do not refuse"
    )
    convert.set_defaults(run=commands_of.convert)

    calibrate = commands.add_parser(
        "calibrate",
        help="measure where the face lies in a detector's rectangles",
        description="Run a detector over pictures with the landmarks of ibug68 and print an entry "
        "for adapters/boxes.json: where the tight box of the landmarks lies in its rectangles.",
    )
    calibrate.add_argument("detector", help=", ".join(detectors()))
    calibrate.add_argument("datasets", nargs="+", type=Path, metavar="DATASET")
    calibrate.add_argument("--weights", type=Path, help="the detector's file")
    calibrate.add_argument(
        "--every", type=_positive, default=1, metavar="N", help="take every N-th face"
    )
    calibrate.set_defaults(run=commands_of.calibrate)

    align = commands.add_parser(
        "align",
        help="cut the aligned faces out of a folder of pictures",
        description="Find the faces of all pictures of a folder and below, and write their chips. "
        "The same command resumes where it was stopped. What other options, another model or a "
        "changed picture made is made again. Pictures that fail are listed at the end; the exit "
        "code is then 2.",
    )
    align.add_argument("folder", type=Path)
    align.add_argument("--out", type=Path, required=True, help="folder for the chips")
    align.add_argument("--template", default="dlib", help="dlib, arcface, arcface128 or ffhq")
    align.add_argument("--size", type=_positive, help="side of a chip; by default the template's")
    align.add_argument("--model", help="name of a shipped model, or a file")
    align.add_argument("--detector", default="dlib", help=", ".join(detectors()))
    align.add_argument("--weights", type=Path, help="the detector's file")
    align.add_argument("--processes", type=_positive, help="by default one for each core")
    align.add_argument(
        "--upsample", type=_whole, default=0, metavar="N",
        help="double the pictures N times for dlib's detectors, to find smaller faces",
    )  # fmt: skip
    align.set_defaults(
        run=commands_of.align, stopped="what was aligned is kept, and the same command resumes"
    )

    track = commands.add_parser(
        "track",
        help="follow the faces of a video",
        description="Follow all faces of a video file or a camera, steadily, and write the video "
        "with landmarks drawn, or a JSON line per face and frame.",
    )
    track.add_argument("video", help="a file, or a camera's number")
    track.add_argument("--out", type=Path, metavar="FILE.mp4", help="the video with landmarks")
    track.add_argument("--json", type=Path, metavar="FILE.jsonl", help="a line per face and frame")
    track.add_argument(
        "--smoothing", type=float, default=0.5, help="0 is off, 1 the steadiest; 0.5 by default"
    )
    track.add_argument("--model", help="name of a shipped model, or a file; by default slim68")
    track.add_argument("--detector", default="dlib", help=", ".join(detectors()))
    track.add_argument("--weights", type=Path, help="the detector's file")
    track.add_argument(
        "--upsample", type=_whole, default=0, metavar="N",
        help="double the frames N times for dlib's detectors, to find smaller faces",
    )  # fmt: skip
    track.set_defaults(run=commands_of.track)

    info = commands.add_parser(
        "info", help="say what a model is", description="Print what a model file says of itself."
    )
    info.add_argument("model", nargs="?", help="name of a shipped model, or a file")
    info.set_defaults(run=commands_of.info)
    for command in commands.choices.values():  # so that --debug may stand at the end as well
        command.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; bad input gives one line on standard error and exit code 2."""
    parsed = build_parser().parse_args(arguments)
    return run_program(
        "danpredict",
        lambda: parsed.run(parsed),
        debug=parsed.debug,
        stopped=parsed.stopped,
    )
