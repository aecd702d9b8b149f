"""The options of ``compare.py``, and which of them go together."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from danpredict.files.outputs import check_outputs
from danpredict.files.pictures import PICTURES
from danpredict.model.zoo import find_model

from .bench import Plan
from .clips import find_clips


def build_parser(description: str) -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add("--contestant", nargs="+", default=[], metavar="[NAME=]WHAT",
        help="dlib, danpredict, a shipped model, a .dat or .dan file, or module:function; "
        "default: dlib and danpredict")  # fmt: skip
    add("--image", nargs="+", type=Path, default=[],
        help="photos or folders of photos; default: scikit-image's astronaut")  # fmt: skip
    add(
        "--webcam",
        nargs="?",
        const=0,
        type=int,
        metavar="INDEX",
        help="compare on one frame of this camera",
    )
    add("--dataset", type=Path, help="folder of pictures with .pts files")
    add("--boxes", type=Path,
        help="JSON file of boxes for --dataset; default: boxes of a detector")  # fmt: skip
    add("--detector", nargs="+", default=[], metavar="NAME[=FILE]",
        help="detector of the boxes for --dataset, with its weights file if it needs one: dlib "
        "(the default), dlib-cnn, yunet, ... Several detectors (and --boxes) are compared on the "
        "faces that all of them find")  # fmt: skip
    add("--robustness", action="store_true",
        help="with --dataset and --boxes: errors with wrong boxes and rolled heads")  # fmt: skip
    _add_speed(parser)
    add("--model", help="danpredict's model: the name of a shipped model, or a model file")
    add("--dlib-model", type=Path, help="path of dlib's 68-point model file")
    add("--out", type=Path, help="picture to write; default for photos: comparison.png")
    add("--report", type=Path, metavar="PAGE.html",
        help="write all results to one page, and the numbers to a JSON file beside it")  # fmt: skip
    add("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _add_speed(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--speed", action="store_true", help="time all predictors; takes about two minutes")
    add("--clips", nargs="+", type=Path, default=[], metavar="VIDEO",
        help="with --speed: frames a second of tracking in these videos or folders of videos, "
        "and of dlib in every frame")  # fmt: skip
    add("--folder", type=Path,
        help="with --speed: pictures a second of danpredict align on this folder, and of "
        "dlib")  # fmt: skip
    add("--runs", type=int, default=1, metavar="N",
        help="with --speed: measure N times, each time in a new process; the table has medians "
        "and the range of the ratios")  # fmt: skip
    add("--tradeoff", type=Path, metavar="PICTURE",
        help="with --dataset and --speed: picture of error against time, and the numbers in a "
        "JSON file beside it")  # fmt: skip


def check_options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Exit with an error message if options do not go together."""
    both = given.speed and given.dataset is not None
    robust = given.boxes is not None and (not given.detector or given.report is not None)
    for wrong, message in (
        (given.boxes is not None and given.dataset is None, "--boxes needs --dataset"),
        (given.detector and given.dataset is None, "--detector needs --dataset"),
        (
            given.robustness and not robust,
            "--robustness needs --dataset and --boxes; --detector is possible only with --report",
        ),
        (given.clips and not given.speed, "--clips needs --speed"),
        (given.folder and not given.speed, "--folder needs --speed"),
        (given.runs != 1 and not given.speed, "--runs needs --speed"),
        (given.runs < 1, f"expected --runs of 1 or more, got {given.runs}"),
        (given.tradeoff and not both, "--tradeoff needs --dataset and --speed"),
        (
            given.out is not None and given.report is not None,
            "--out and --report exclude each other",
        ),
        (
            both and not (given.report or given.tradeoff),
            "--dataset and --speed together need --report or --tradeoff",
        ),
        (both and given.out, "--out needs either --dataset or --speed, got both"),
    ):
        if wrong:
            parser.error(message)


def check_file_name(path: Path, page: bool) -> None:
    """Raise ValueError if the file name is not that of a picture, or of a page."""
    fits = path.suffix == ".html" if page else cv2.haveImageWriter(str(path))
    if not path.parent.is_dir() or path.is_dir() or not fits:
        kind = "page, such as report.html," if page else "picture, such as comparison.png,"
        raise ValueError(f"expected the name of a {kind} in an existing folder, got {path}")


def _inputs(given: argparse.Namespace, clips: tuple[Path, ...]) -> list[Path]:
    """The input files: photos, annotated pictures, videos, and files that the options name."""
    files = [*given.image, *clips, *filter(None, (given.boxes, given.dlib_model))]
    folders = [path for path in (*given.image, given.folder) if path is not None and path.is_dir()]
    folders += [] if given.dataset is None else [given.dataset]
    files += [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURES
        and (folder != given.dataset or path.with_suffix(".pts").is_file())
    ]
    return files if given.model is None else [*files, find_model(given.model)]


def check_files(given: argparse.Namespace) -> Plan:
    """Check the outputs before any work is done; returns what ``--speed`` measures.

    Raises
    ------
    ValueError, OSError
        An output cannot be written or would overwrite an input; an input is missing.
    """
    clips = find_clips(given.clips)
    named = [path for path in (given.out, given.tradeoff, given.report) if path is not None]
    for path in named:
        check_file_name(path, page=path == given.report)
    outputs = [output for path in named for output in (path, path.with_suffix(".json"))]
    check_outputs(outputs, _inputs(given, clips))
    return Plan(clips=clips, folder=given.folder)
