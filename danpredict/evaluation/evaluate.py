"""Run a predictor over annotated faces and say how good it is. Serves dlib's predictor as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.datasets.face import BoxTuple, LabelledFace
from danpredict.evaluation.metrics import (
    FAILURE,
    normalised_errors,
    rank_correlation,
    reliability,
    roc_auc,
    summarise,
)
from danpredict.evaluation.openness_report import openness_report
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray, bounding_box
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale, normalisers
from danpredict.landmarks.openness import has_openness

# Intersection over union; three detectors' rectangles on LFPW's training faces have 0.46 to 0.97.
FOUND = 0.3
COVERED = 0.1  # a background rectangle may show so much of itself the face
TRIES = 200

Predictor = Callable[[Image, Any], Any]


@dataclass
class Observation:
    """What a predictor says of N faces.

    Attributes
    ----------
    landmarks : (N, L, 2) float, image pixels
    stages : (S, N, L, 2) float or None
        After each stage, where the predictor has stages.
    sigma : (N, L) float or None
    confidence : (N,) float or None
    """

    landmarks: FloatArray
    stages: FloatArray | None
    sigma: FloatArray | None
    confidence: FloatArray | None


def landmarks_of(detection: Any) -> FloatArray:
    """(L, 2) image pixels of any detection; fractions where it has them."""
    if hasattr(detection, "landmarks"):
        return np.asarray(detection.landmarks, float)
    return np.array([(point.x, point.y) for point in detection.parts()], float)


def gather(detections: Sequence[Any]) -> Observation:
    """Put the detections of many faces together."""

    def all_of(name: str) -> FloatArray | None:
        values = [getattr(detection, name, None) for detection in detections]
        return None if any(value is None for value in values) else np.array(values, float)

    stages = all_of("stages")
    return Observation(
        np.stack([landmarks_of(detection) for detection in detections]),
        None if stages is None else stages.swapaxes(0, 1),
        all_of("sigma"),
        all_of("confidence"),
    )


def overlap(first: BoxTuple, second: BoxTuple) -> float:
    """Intersection over union of two rectangles, 0 to 1."""
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    both = max(across, 0.0) * max(down, 0.0)
    areas = [max(x1 - x0, 0.0) * max(y1 - y0, 0.0) for x0, y0, x1, y1 in (first, second)]
    return both / (sum(areas) - both) if both else 0.0


def rectangle_on(image: Image, face: LabelledFace, detector: Callable[..., Any]) -> FaceBox | None:
    """The detector's rectangle on this face, that overlaps most with the landmarks' box; or None.

    One that overlaps by less than `FOUND` is no detection of this face.

    ``detector`` is dlib's, or one of `danpredict.load_detector`.
    """
    tight = bounding_box(face.landmarks)
    boxes = [face_box(found) for found in detector(image)]
    best = max(boxes, key=lambda box: overlap(box.sides, tight), default=None)
    return best if best is not None and overlap(best.sides, tight) >= FOUND else None


def background_rectangle(
    rng: np.random.Generator, image: Image, face: LabelledFace, rectangle: BoxTuple
) -> BoxTuple | None:
    """A random square of the picture that shows hardly anything of the face.

    Its side is 0.3 to 1 times the face's rectangle's; at most a tenth of it lies in the landmarks'
    tight box. None where chance finds none: the face fills the picture.
    """
    height, width = image.shape[:2]
    tight = bounding_box(face.landmarks)
    for _ in range(TRIES):
        side = rng.uniform(0.3, 1) * (rectangle[2] - rectangle[0] + 1)
        if side > min(height, width):
            continue
        left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
        across = min(left + side, tight.right) - max(left, tight.left)
        down = min(top + side, tight.bottom) - max(top, tight.top)
        if max(across, 0) * max(down, 0) <= COVERED * side**2:
            return left, top, left + side - 1, top + side - 1
    return None


def observe(
    predictors: dict[str, Predictor],
    faces: Sequence[LabelledFace],
    *,
    detector: Callable[..., Any] | None = None,
    background: bool = False,
    seed: int = 0,
) -> tuple[list[LabelledFace], dict[str, Observation], dict[str, Observation]]:
    """Run predictors on the same rectangles of the same pictures.

    Parameters
    ----------
    predictors : by name; called as dlib's
    faces : annotated faces
        One without a rectangle is left out, unless there is a detector.
    detector : callable, optional
        dlib's, or one of `danpredict.load_detector`; finds the rectangles of all faces instead.
    background : bool
        Also run on as many random rectangles beside the faces.

    Returns
    -------
    faces that were used, with the rectangles that were; observations of them by predictor;
    observations of the background (empty without it)

    Raises
    ------
    ValueError
        No face has a rectangle.
    """
    from danpredict.dlib_compat.library import rectangle

    rng = np.random.default_rng(seed)
    used: list[LabelledFace] = []
    found: dict[str, list[Any]] = {name: [] for name in predictors}
    beside: dict[str, list[Any]] = {name: [] for name in predictors}
    for face in tqdm(faces, desc="evaluating", unit="face", leave=False):
        image = face.picture()
        sides = face.box
        if detector is not None:
            box = rectangle_on(image, face, detector)
            sides = None if box is None else box.sides
        if sides is None:
            continue
        used.append(replace(face, box=sides))
        other = background_rectangle(rng, image, face, sides) if background else None
        names = list(predictors)
        first = len(used) % len(names)  # who begins alternates: the second finds a warm cache
        for name in names[first:] + names[:first]:
            for edges, detections in ((sides, found[name]), (other, beside[name])):
                if edges is not None:
                    rect = rectangle(*(round(side) for side in edges))
                    detections.append(predictors[name](image, rect))
    if not used:
        raise ValueError(f"no face found: none of {len(faces)} has a rectangle")
    return (
        used,
        {name: gather(detections) for name, detections in found.items()},
        {name: gather(detections) for name, detections in beside.items() if detections},
    )


def region_errors(
    landmarks: FloatArray, truth: FloatArray, scale: FloatArray, convention: Convention
) -> dict[str, float]:
    """NME in percent of each facial part; right and left count together."""
    regions: dict[str, list[int]] = {}
    for part, points in convention.groups.items():
        regions.setdefault(part.split("_")[-1], []).extend(points)
    return {
        region: float(100 * normalised_errors(landmarks[:, p], truth[:, p], scale).mean())
        for region, p in regions.items()
    }


def uncertainty_report(
    faces: Observation, background: Observation | None, errors: FloatArray, distances: FloatArray
) -> dict[str, Any]:
    """How well sigma and confidence tell what is wrong; empty for a predictor without them."""
    if faces.sigma is None or faces.confidence is None:
        return {}
    known = np.isfinite(distances)
    confidence, good = faces.confidence, errors < FAILURE
    if background is not None and background.confidence is not None:
        confidence = np.concatenate([confidence, background.confidence])
        good = np.concatenate([good, np.zeros(len(background.confidence), bool)])
    report: dict[str, Any] = {
        "cases": len(good),
        "good": int(good.sum()),
        "sigma_rank_correlation": rank_correlation(faces.sigma[known], distances[known]),
        "sigma_over_error": float(faces.sigma[known].mean() / distances[known].mean()),
        "reliability": [asdict(part) for part in reliability(confidence, good)],
    }
    if good.any() and not good.all():
        report["roc_auc"] = roc_auc(confidence, good)
    return report


def report(
    observation: Observation,
    background: Observation | None,
    faces: Sequence[LabelledFace],
    convention: Convention,
) -> dict[str, Any]:
    """All figures of one predictor on one data set, ready for JSON; errors in percent."""
    truth = np.stack([face.landmarks for face in faces])
    scale = face_scale(truth, convention)
    measures = normalisers(convention)
    errors = normalised_errors(observation.landmarks, truth, scale)
    distances: NDArray[np.float64] = np.linalg.norm(observation.landmarks - truth, axis=-1)
    result: dict[str, Any] = {
        name: asdict(
            summarise(normalised_errors(observation.landmarks, truth, of(truth, convention)))
        )
        for name, of in measures.items()
    }
    result["measure"] = next(iter(measures))  # of regions, stages and the list of errors
    result["regions"] = region_errors(observation.landmarks, truth, scale, convention)
    if observation.stages is not None:
        result["stages"] = [
            asdict(summarise(normalised_errors(stage, truth, scale)))
            for stage in observation.stages
        ]
    if has_openness(convention):
        result["openness"] = openness_report(observation.landmarks, truth, errors)
    result["uncertainty"] = uncertainty_report(observation, background, errors, distances)
    result["errors"] = [round(float(100 * error), 4) for error in errors]
    return result
