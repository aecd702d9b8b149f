"""Run predictors on the same boxes of annotated faces. Works with dlib's predictor as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from danpredict.datasets.face import BoxTuple, LabelledFace
from danpredict.evaluation.face_boxes import background_box, detected_box
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.points import landmarks_of

Predictor = Callable[[Image, Any], Any]  # takes (image, rect) and returns a detection, as dlib's


@dataclass
class Predictions:
    """What a predictor returned for N boxes.

    Attributes
    ----------
    landmarks : (N, L, 2) float, image pixels
    stages : (S, N, L, 2) float or None
        Landmarks after each stage, image pixels; None if the predictor does not return them.
    sigma : (N, L) float or None
        Expected errors, image pixels.
    confidence : (N,) float or None
    """

    landmarks: FloatArray
    stages: FloatArray | None
    sigma: FloatArray | None
    confidence: FloatArray | None


class Evaluation(NamedTuple):
    """The result of `run_predictors`.

    Attributes
    ----------
    faces : list of LabelledFace
        The faces with a box, each with the box that was used.
    predictions : dict
        Predictions on these faces, by name of the predictor.
    background : dict
        Predictions on boxes of background, by name of the predictor; empty if not asked for.
    """

    faces: list[LabelledFace]
    predictions: dict[str, Predictions]
    background: dict[str, Predictions]


def collect_predictions(detections: Sequence[Any]) -> Predictions:
    """Stack the detections of N faces."""

    def stacked(attribute: str) -> FloatArray | None:
        values = [getattr(detection, attribute, None) for detection in detections]
        return None if any(value is None for value in values) else np.array(values, float)

    stages = stacked("stages")
    return Predictions(
        np.stack([landmarks_of(detection) for detection in detections]),
        None if stages is None else stages.swapaxes(0, 1),
        stacked("sigma"),
        stacked("confidence"),
    )


def _box_of(
    image: Image, face: LabelledFace, detector: Callable[..., Any] | None
) -> BoxTuple | None:
    """The detector's box on the face, or the face's own if there is no detector."""
    if detector is None:
        return face.box
    box = detected_box(image, face, detector)
    return None if box is None else box.sides


def run_predictors(
    predictors: dict[str, Predictor],
    faces: Sequence[LabelledFace],
    *,
    detector: Callable[..., Any] | None = None,
    background: bool = False,
    seed: int = 0,
) -> Evaluation:
    """Run predictors on the same boxes of the same images.

    Parameters
    ----------
    predictors : dict
        By name; each is called as dlib's.
    faces : annotated faces
        Faces without a box are left out.
    detector : callable, optional
        dlib's, or one of `danpredict.load_detector`. Its boxes replace those of the faces.
    background : bool
        Also run on one random box of background per face.
    seed : int
        Of the random boxes.

    Raises
    ------
    ValueError
        No face has a box.
    """
    from danpredict.dlib_compat.library import rectangle

    rng = np.random.default_rng(seed)
    used: list[LabelledFace] = []
    on_faces: dict[str, list[Any]] = {name: [] for name in predictors}
    on_background: dict[str, list[Any]] = {name: [] for name in predictors}
    for face in tqdm(faces, desc="evaluating", unit="face", leave=False):
        image = face.picture()
        box = _box_of(image, face, detector)
        if box is None:
            continue
        used.append(replace(face, box=box))
        other = background_box(rng, image, face, box) if background else None
        names = list(predictors)
        first = len(used) % len(
            names
        )  # alternates: the second predictor finds the image in the cache
        for name in names[first:] + names[:first]:
            for sides, detections in ((box, on_faces[name]), (other, on_background[name])):
                if sides is not None:
                    rect = rectangle(*(round(side) for side in sides))
                    detections.append(predictors[name](image, rect))
    if not used:
        raise ValueError(f"expected faces with a box, got a box for none of {len(faces)} faces")
    return Evaluation(
        used,
        {name: collect_predictions(detections) for name, detections in on_faces.items()},
        {name: collect_predictions(dets) for name, dets in on_background.items() if dets},
    )
