r"""Compare danpredict with dlib's 68-point shape predictor on the same faces and the same boxes.

    python examples/compare.py                                   # scikit-image's astronaut
    python examples/compare.py --image photo.jpg folder
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json --out outdoor.png
    python examples/compare.py --dataset 300w/outdoor --detector yunet=yunet.onnx
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json \
        --detector dlib-cnn yunet=yunet.onnx                     # three detectors
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json --robustness \
        --out robustness.png
    python examples/compare.py --speed --out speed.png
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json --robustness \
        --speed --report report.html                             # everything on one page
    python examples/compare.py --contestant dlib danpredict mine=module:function

dlib's model file comes from --dlib-model, else from the environment variable DLIB_LANDMARKS, else
from the package face_recognition_models. If it is not found, danpredict runs alone. dlib's model
was trained on the 300-W common test images (the HELEN and LFPW test sets). A comparison on these
images favours dlib.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
from comparison import rectangles
from comparison.accuracy import Accuracy, compare_dataset, print_accuracy, write_accuracy
from comparison.contestants import Contestant, load_all, usual
from comparison.pictures import compare_pictures, print_pictures, read_pictures
from comparison.report import Findings, write_report
from comparison.robustness import Curves, measure, table, write_robustness
from comparison.speed import Bench, benchmark
from comparison.speed_report import table as speed_table
from comparison.speed_report import write_speed

import danpredict
from danpredict.datasets.dataset import read_dataset
from danpredict.error_boundary import run_program
from danpredict.files.outputs import check_outputs
from danpredict.files.pictures import PICTURES
from danpredict.model.zoo import find_model


def check_file_name(path: Path, page: bool) -> None:
    """Raise ValueError if the file name is not that of a picture, or of a page."""
    fits = path.suffix == ".html" if page else cv2.haveImageWriter(str(path))
    if not path.parent.is_dir() or path.is_dir() or not fits:
        kind = "page, such as report.html," if page else "picture, such as comparison.png,"
        raise ValueError(f"expected the name of a {kind} in an existing folder, got {path}")


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
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
    add("--speed", action="store_true", help="time all predictors; takes about two minutes")
    add("--model", help="danpredict's model: the name of a shipped model, or a model file")
    add("--dlib-model", type=Path, help="path of dlib's 68-point model file")
    add("--out", type=Path, help="picture to write; default for photos: comparison.png")
    add("--report", type=Path, metavar="PAGE.html",
        help="write all results to one page, and the numbers to a JSON file beside it")  # fmt: skip
    add("--debug", action="store_true", help="show the traceback of an error")
    return parser


def on_pictures(
    given: argparse.Namespace, contestants: list[Contestant], out: Path | None
) -> Findings:
    """Compare on photos."""
    sides, times = compare_pictures(read_pictures(given.image, given.webcam), contestants)
    if out is not None:
        print_pictures(sides, times, out)
    return Findings(sides=sides, times=times)


def on_dataset(given: argparse.Namespace, contestants: list[Contestant]) -> Accuracy:
    """Measure the errors on annotated faces."""
    source, detector = rectangles.HOG, None
    if given.boxes is None:
        source, detector = rectangles.parse_detector((given.detector or [rectangles.HOG])[0])
    result = compare_dataset(given.dataset, given.boxes, detector, source, contestants)
    print_accuracy(result)
    if given.out is not None and not given.robustness:
        write_accuracy(result, contestants, given.out)
    return result


def on_detectors(
    given: argparse.Namespace, contestants: list[Contestant], colours: dict[str, str]
) -> rectangles.Rows:
    """Measure the errors on the same faces with boxes of several detectors."""
    rows = rectangles.compare_rectangles(given.dataset, given.boxes, given.detector, contestants)
    print(rectangles.table(rows))
    if given.out is not None:
        rectangles.write_rectangles(rows, colours, given.dataset.name, given.out)
    return rows


def on_bad_rectangles(
    given: argparse.Namespace, contestants: list[Contestant], colours: dict[str, str]
) -> Curves:
    """Measure the errors with shifted and scaled boxes and rolled heads."""
    faces = read_dataset(given.dataset, danpredict.convention("ibug68").size, given.boxes)
    curves = measure(faces, {c.name: c.predictor for c in contestants})
    print(table(curves))
    if given.out is not None:
        write_robustness(curves, colours, given.dataset.name, given.out)
    return curves


def _specs(given: argparse.Namespace) -> list[str]:
    """What is compared; --model replaces danpredict's default model."""
    specs: list[str] = given.contestant or usual(given.dlib_model)
    if given.model is None:
        return specs
    return [f"danpredict={given.model}" if spec == "danpredict" else spec for spec in specs]


def _inputs(given: argparse.Namespace) -> list[Path]:
    """The input files: photos, annotated pictures, and files that the options name."""
    files = [*given.image, *filter(None, (given.boxes, given.dlib_model))]
    folders = [path for path in given.image if path.is_dir()]
    folders += [] if given.dataset is None else [given.dataset]
    files += [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURES
        and (folder != given.dataset or path.with_suffix(".pts").is_file())
    ]
    return files if given.model is None else [*files, find_model(given.model)]


def run(given: argparse.Namespace, command: list[str]) -> None:
    """Run what the options ask for."""
    page: Path | None = given.report
    photos = bool(given.image) or given.webcam is not None
    if not (given.dataset or given.speed or page):
        photos, given.out = True, given.out or Path("comparison.png")
    for path in filter(None, (given.out, page)):
        check_file_name(path, page=path == page)
        check_outputs([path, path.with_suffix(".json")], _inputs(given))
    contestants = load_all(_specs(given), given.dlib_model)
    colours = {contestant.name: contestant.colour for contestant in contestants}
    findings = Findings()
    if photos or page is not None:
        findings = on_pictures(given, contestants, given.out if photos and page is None else None)
    several = len(given.detector) + (given.boxes is not None) > 1
    if given.dataset is not None and (page is not None or not (given.robustness or several)):
        findings.accuracy = on_dataset(given, contestants)
    if several:
        findings.rectangles = on_detectors(given, contestants, colours)
    if given.robustness:
        findings.robustness = on_bad_rectangles(given, contestants, colours)
    if given.speed:
        findings.speed = benchmark(Bench(contestants))
        print(speed_table(findings.speed))
        if given.out is not None:
            write_speed(findings.speed, colours, given.out)
    if page is not None:
        write_report(findings, contestants, command, page)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison. Bad input ends in one line and exit code 2."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    if given.boxes is not None and given.dataset is None:
        parser.error("--boxes needs --dataset")
    if given.detector and given.dataset is None:
        parser.error("--detector needs --dataset")
    if given.robustness and (given.boxes is None or (given.detector and given.report is None)):
        parser.error(
            "--robustness needs --dataset and --boxes; --detector is possible only with --report"
        )
    if given.out is not None and given.report is not None:
        parser.error("--out and --report exclude each other")
    if given.speed and given.dataset is not None and given.report is None:
        parser.error("--dataset and --speed together need --report")
    command = ["python", *sys.argv] if arguments is None else ["compare.py", *arguments]
    return run_program("compare.py", lambda: run(given, command), debug=given.debug)


if __name__ == "__main__":
    sys.exit(main())
