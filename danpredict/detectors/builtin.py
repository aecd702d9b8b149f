"""The detector ``"builtin"``: a classifier proposes boxes, our own model's confidence decides.

It needs no package and no file beside danpredict itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from danpredict.boxes.calibration import EXPECTED_SOURCE, box_calibration
from danpredict.boxes.face_box import FaceBox
from danpredict.cascade.outputs import Face
from danpredict.detectors.proposals import face_proposals
from danpredict.geometry.sampling import Image, to_gray
from danpredict.geometry.similarity import BoundingBox, bounding_box, initial_transform
from danpredict.image_input import as_image
from danpredict.model.zoo import VIDEO_MODEL, default_model

if TYPE_CHECKING:
    from danpredict.predictor.follower import Follower

SMALLEST_FACE = 77.0  # pixels; width of the landmarks in dlib's smallest box, which has 80 pixels
# A proposal below this confidence is dropped after one pass. The second pass starts from the
# landmarks of the first: it found 94 instead of 86 of 101 training faces that dlib's HOG misses.
MIN_FIRST_CONFIDENCE = 0.05
MIN_CONFIDENCE = 0.5  # after the second pass; see `danpredict.cascade.refinement.LOW_CONFIDENCE`


@cache
def follower() -> Follower:
    """Refines proposals with the default model for video."""
    from danpredict.predictor import DANShapePredictor
    from danpredict.predictor.follower import Follower

    return Follower(DANShapePredictor(default_model(VIDEO_MODEL)))


def distinct(faces: Sequence[Face]) -> list[tuple[float, BoundingBox]]:
    """The confidence and the landmark box of each face, the most confident first.

    A face whose centre lies in the box of a more confident face counts as the same face.
    """
    kept: list[tuple[float, BoundingBox]] = []
    scored = [(face.confidence or 0.0, bounding_box(face.stages[-1])) for face in faces]
    for confidence, box in sorted(scored, reverse=True):
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        if not any(b.left <= x <= b.right and b.top <= y <= b.bottom for _, b in kept):
            kept.append((confidence, box))
    return kept


class Builtin:
    """Finds faces of 80 pixels or more, also those that are turned or rolled a little.

    Parameters
    ----------
    upsample : int
        How often the size of the smallest face is halved.
    """

    def __init__(self, upsample: int) -> None:
        self.upsample = upsample

    def __call__(self, image: Any) -> list[FaceBox]:
        """The boxes of all faces, the best score first.

        The boxes lie where dlib's HOG detector would put them. The score is the confidence.
        """
        picture = as_image(image)
        if not picture.size:
            return []
        boxes = face_proposals(to_gray(picture), SMALLEST_FACE / 2**self.upsample)
        faces = distinct(self._refine(picture, boxes))
        around = box_calibration(EXPECTED_SOURCE).box_around
        return [FaceBox(*around(box), score, EXPECTED_SOURCE) for score, box in faces]

    def _refine(self, picture: Image, boxes: Sequence[BoundingBox]) -> list[Face]:
        """The faces that are still confident after two passes."""
        mean_shape = follower().mean_shape
        transforms = [initial_transform(box, mean_shape) for box in boxes]
        for limit in (MIN_FIRST_CONFIDENCE, MIN_CONFIDENCE):
            faces = follower().refine(picture, transforms)
            faces = [face for face in faces if face.confidence and face.confidence >= limit]
            transforms = [face.transform for face in faces]
        return faces
