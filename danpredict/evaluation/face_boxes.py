"""Boxes for an evaluation: a detector's box on an annotated face, and boxes of background."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.datasets.face import BoxTuple, LabelledFace
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import bounding_box

# Intersection over union with the landmarks' tight box. The boxes of three detectors on LFPW's
# training faces have 0.46 to 0.97.
MIN_OVERLAP = 0.3
MAX_FACE_SHARE = 0.1  # largest share of a background box that may lie on the face
BACKGROUND_SIDES = 0.3, 1.0  # range of a background box's side, in widths of the face's box
ATTEMPTS = 200  # random boxes that are tried for one face


def _intersection(first: BoxTuple, second: BoxTuple) -> float:
    """The common area of two boxes (left, top, right, bottom), square pixels."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)


def overlap(first: BoxTuple, second: BoxTuple) -> float:
    """Intersection over union of two boxes (left, top, right, bottom), 0 to 1."""
    both = _intersection(first, second)
    areas = [max(x1 - x0, 0.0) * max(y1 - y0, 0.0) for x0, y0, x1, y1 in (first, second)]
    return both / (sum(areas) - both) if both else 0.0


def detected_box(image: Image, face: LabelledFace, detector: Callable[..., Any]) -> FaceBox | None:
    """The detector's box that overlaps most with the face's landmarks.

    Parameters
    ----------
    detector : callable
        dlib's, or one of `danpredict.load_detector`.

    Returns
    -------
    FaceBox or None
        None if no box has an overlap of at least `MIN_OVERLAP`: the detector missed the face.
    """
    tight = bounding_box(face.landmarks)
    boxes = [face_box(box) for box in detector(image)]
    best = max(boxes, key=lambda box: overlap(box.sides, tight), default=None)
    return best if best is not None and overlap(best.sides, tight) >= MIN_OVERLAP else None


def background_box(
    rng: np.random.Generator, image: Image, face: LabelledFace, box: BoxTuple
) -> BoxTuple | None:
    """A random square of the image that shows hardly anything of the face.

    Its side is 0.3 to 1 times the width of the face's box. At most a tenth of it lies in the tight
    box of the landmarks.

    Returns
    -------
    (left, top, right, bottom) or None
        None if no such square was found: the face fills the image.
    """
    height, width = image.shape[:2]
    tight = bounding_box(face.landmarks)
    for _ in range(ATTEMPTS):
        side = rng.uniform(*BACKGROUND_SIDES) * (box[2] - box[0] + 1)
        if side > min(height, width):
            continue
        left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
        if _intersection((left, top, left + side, top + side), tight) <= MAX_FACE_SHARE * side**2:
            return left, top, left + side - 1, top + side - 1
    return None
