r"""Compare danpredict with dlib's 68-point shape predictor, side by side, on the same rectangles.

    python examples/compare.py                                   # the embedded picture
    python examples/compare.py --image photo.jpg
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json --out outdoor.png
    python examples/compare.py --dataset 300w/outdoor --detector yunet --weights yunet.onnx
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json --robustness \
        --out robustness.png
    python examples/compare.py --speed --out speed.png

dlib's model file is looked for in --dlib-model, in the environment variable DLIB_LANDMARKS and in
the package face_recognition_models; without it danpredict runs alone. Mind that dlib's own file was
trained on the 300-W common test images (HELEN and LFPW test sets): on those it is no fair contest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from drawing import draw_face
from numpy.typing import NDArray
from robustness import compare_robustness
from speed import Bench, compare_speed

import danpredict
from danpredict.datasets import LabelledFace, read_dataset, read_picture
from danpredict.detectors import Detector, load_detector
from danpredict.evaluation import Predictor, landmarks_of, observe, report
from danpredict.plots import draw_report
from danpredict.shipped import default_model, find_model

DLIB_FILE = "shape_predictor_68_face_landmarks.dat"
REPEATS = 20  # calls per face of a picture, for the median time

Image = NDArray[np.uint8]


def find_dlib_model(given: Path | None) -> Path | None:
    """Path of dlib's model file, or None where there is none to be found.

    Raises
    ------
    FileNotFoundError
        A file was named, by argument or environment, and does not exist.
    """
    named = given or os.environ.get("DLIB_LANDMARKS")
    if named:
        named = Path(named)
        if not named.is_file():
            raise FileNotFoundError(f"expected dlib's model file, found no {named}")
        return named
    package = find_spec("face_recognition_models")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "models" / DLIB_FILE
    return path if path.is_file() else None


def file_size(path: Path) -> float:
    """In MB."""
    return path.stat().st_size / 1e6


def load_predictors(model: str | None, dlib_model: Path | None) -> dict[str, Predictor]:
    """The contestants by name; danpredict alone where dlib has no model file."""
    import dlib

    ours = danpredict.DANShapePredictor() if model is None else danpredict.DANShapePredictor(model)
    path = find_dlib_model(dlib_model)
    if path is None:
        print(f"dlib's {DLIB_FILE} was not found: danpredict runs alone")
        return {"danpredict": ours}
    return {"dlib": dlib.shape_predictor(str(path)), "danpredict": ours}


class Timed:
    """A predictor that notes how long each call took."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.milliseconds: list[float] = []
        self.rects: list[Any] = []

    def __call__(self, image: Image, rect: Any) -> Any:
        """Pass the call on."""
        start = time.perf_counter()
        detection = self.predictor(image, rect)
        self.milliseconds.append(1000 * (time.perf_counter() - start))
        self.rects.append(rect)
        return detection

    def median(self, faces: Sequence[LabelledFace]) -> float:
        """Milliseconds of a call on these faces' rectangles, without those of the background."""
        sides = {tuple(map(round, face.rectangle)) for face in faces if face.rectangle}
        times = [
            milliseconds
            for milliseconds, rect in zip(self.milliseconds, self.rects, strict=True)
            if (rect.left(), rect.top(), rect.right(), rect.bottom()) in sides
        ]
        return statistics.median(times)


# -- pictures ----------------------------------------------------------------------------------


def check_picture_name(path: Path) -> None:
    """Raise ValueError where no picture could be written."""
    if not path.parent.is_dir() or path.is_dir() or not cv2.haveImageWriter(str(path)):
        raise ValueError(
            f"expected a picture file like comparison.png in an existing folder, got {path}"
        )


def compare_picture(image: Image, predictors: dict[str, Predictor], out: Path) -> None:
    """Detect with dlib, draw all contestants side by side, print times and differences."""
    import dlib

    detector = dlib.get_frontal_face_detector()
    rects = detector(image, 0) or detector(image, 1)  # enlarged only where nothing is found
    if not rects:
        raise ValueError("no face found: dlib's HOG detector sees none in this picture")
    rows = []
    timed = {name: Timed(predictor) for name, predictor in predictors.items()}
    for rect in rects:
        for repeat in range(REPEATS):
            names = list(timed) if repeat % 2 else list(reversed(timed))
            detections = {name: timed[name](image, rect) for name in names}
        landmarks = {name: landmarks_of(detections[name]) for name in predictors}
        rows.append(np.hstack([draw_face(image, rect, landmarks[n], n) for n in predictors]))
        if len(landmarks) == 2:
            apart = np.linalg.norm(landmarks["dlib"] - landmarks["danpredict"], axis=1)
            print(f"face at {rect}: the two lie {apart.mean():.2f} pixels apart (median of points "
                  f"{np.median(apart):.2f}, most {apart.max():.2f})")  # fmt: skip
        confidence = getattr(detections["danpredict"], "confidence", None)
        if confidence is not None:
            print(f"danpredict's confidence: {confidence:.2f}")
    bgr = np.ascontiguousarray(np.vstack(rows)[..., ::-1])
    _, encoded = cv2.imencode(out.suffix, bgr)
    out.write_bytes(encoded.tobytes())
    print(f"{'predictor':<12} {'faces':>5} {'ms/face':>8}")
    for name, contestant in timed.items():
        print(f"{name:<12} {len(rects):>5} {statistics.median(contestant.milliseconds):>8.2f}")
    print(f"wrote {out}")


# -- data sets ---------------------------------------------------------------------------------


def with_source(predictor: Predictor, source: str) -> Predictor:
    """Our predictor, told whose rectangles it gets."""
    return lambda image, rect: predictor(image, rect, source=source)  # type: ignore[call-arg]


def compare_dataset(
    folder: Path,
    boxes: Path | None,
    detector: Detector | None,
    source: str,
    predictors: dict[str, Predictor],
    out: Path | None,
) -> None:
    """Print errors and times on the same rectangles; a picture and the rest go to ``out``."""
    layout = danpredict.convention("ibug68")
    faces = read_dataset(folder, layout.size, boxes)
    if source not in ("dlib", "dlib-hog"):
        ours = predictors["danpredict"]
        told = {"danpredict": with_source(ours, source), "uncalibrated": ours}
        predictors = {**predictors, **told}
    timed = {name: Timed(predictor) for name, predictor in predictors.items()}
    used, found, beside = observe(dict(timed), faces, detector=detector, background=True)
    reports = {
        name: report(observation, beside.get(name), used, layout)
        for name, observation in found.items()
    }
    whose = source if boxes is None else str(boxes)
    print(f"{folder}: {len(used)} of {len(faces)} faces have a rectangle from {whose}")
    print(f"{'predictor':<12} {'faces':>5} {'NME %':>6} {'median':>6} {'> 8 %':>6} "
          f"{'AUC@8 %':>8} {'ms/face':>8}")  # fmt: skip
    for name, row in reports.items():
        errors = row[row["measure"]]
        print(f"{name:<12} {errors['faces']:>5} {errors['nme']:>6.2f} {errors['median']:>6.2f} "
              f"{errors['failures']:>6.1f} {errors['auc']:>8.1f} "
              f"{timed[name].median(used):>8.2f}")  # fmt: skip
    if out is not None:
        draw_report(reports, f"{folder.name}, {len(used)} faces", out)
        out.with_suffix(".json").write_text(json.dumps(reports, indent=1), "utf-8")
        print(f"wrote {out} and {out.with_suffix('.json')}")


def build_parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--image", type=Path, help="a photo; default: scikit-image's astronaut")
    what.add_argument("--dataset", type=Path, help="folder of pictures with .pts files")
    what.add_argument("--speed", action="store_true", help="a benchmark of some two minutes")
    parser.add_argument(
        "--boxes", type=Path,
        help="JSON of rectangles for --dataset; without it a detector finds them",
    )  # fmt: skip
    parser.add_argument(
        "--detector", default="dlib",
        help="whose rectangles --dataset is compared on: dlib (the default), dlib-cnn, yunet, ...",
    )  # fmt: skip
    parser.add_argument("--weights", type=Path, help="the detector's file")
    parser.add_argument(
        "--robustness", action="store_true",
        help="with --dataset: errors as rectangles get worse and heads roll",
    )  # fmt: skip
    parser.add_argument("--model", help="shipped model or model file of danpredict")
    parser.add_argument("--dlib-model", type=Path, help=f"path of {DLIB_FILE}")
    parser.add_argument(
        "--out", type=Path, help="picture to write; comparison.png by default for a photo"
    )
    return parser


def run(given: argparse.Namespace) -> None:
    """Do what was asked for."""
    out: Path | None = given.out
    if given.dataset is None and not given.speed:
        out = out or Path("comparison.png")
    if out is not None:
        check_picture_name(out)
    predictors = load_predictors(given.model, given.dlib_model)
    if given.speed:
        path = find_dlib_model(given.dlib_model)
        sizes = {"danpredict": file_size(find_model(given.model or default_model()))}
        if path is not None:
            sizes["dlib"] = file_size(path)
        compare_speed(Bench(predictors, given.model, path), sizes, out)
    elif given.robustness:
        faces = read_dataset(given.dataset, danpredict.convention("ibug68").size, given.boxes)
        compare_robustness(faces, predictors, given.dataset.name, out)
    elif given.dataset is not None:
        detector = None
        if given.boxes is None:
            detector = load_detector(given.detector, weights=given.weights)
        compare_dataset(given.dataset, given.boxes, detector, given.detector, predictors, out)
    else:
        if given.image is None:
            from skimage import data

            image = data.astronaut()  # type: ignore[no-untyped-call]
        else:
            image = read_picture(given.image, upright=True)
        assert out is not None
        compare_picture(image, predictors, out)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; bad input gives one line and exit code 2."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    if given.boxes is not None and given.dataset is None:
        parser.error("--boxes belongs to --dataset")
    if given.robustness and given.boxes is None:
        parser.error("--robustness needs --dataset and --boxes")
    try:
        run(given)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
