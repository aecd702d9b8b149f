"""The detector ``"builtin"``: a classifier proposes faces, our own model's confidence decides.

It needs no package and no file beside danpredict itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from danpredict.boxes.calibration import EXPECTED_SOURCE, box_calibration
from danpredict.boxes.face_box import FaceBox
from danpredict.cascade.outputs import Face
from danpredict.detectors.proposals import face_proposals
from danpredict.geometry.complex_similarity import Placement
from danpredict.geometry.sampling import Image, to_gray
from danpredict.geometry.similarity import BoundingBox, bounding_box
from danpredict.image_input import as_image
from danpredict.model.zoo import VIDEO_MODEL, read_default

if TYPE_CHECKING:
    from danpredict.predictor.follower import Follower

SMALLEST_FACE = 77.0  # pixels; width of the landmarks in dlib's smallest box, which has 80 pixels
# A face below this confidence after the first pass is dropped. The second pass starts from the
# landmarks of the first. Of the 101 training faces of 300-W that dlib's HOG detector misses, 94
# were found with a second pass and 86 without (at a scale step of 1.2).
MIN_FIRST_CONFIDENCE = 0.05
# After the second pass; as `danpredict.cascade.refinement.LOW_CONFIDENCE`. There was no false face
# in 68 face-free pictures at this limit.
MIN_CONFIDENCE = 0.5
# Tried if no upright face is found. Of 60 training faces that were rolled by 45 degrees, all were
# found with this, 47 without it, and 28 by dlib's HOG detector.
ROLLS = math.radians(-30), math.radians(30)
# Smaller rolled faces are not looked for, in parts of the picture's longer side: in large photos
# this would take seconds.
SMALLEST_ROLLED = 1 / 16


@cache
def follower() -> Follower:
    """Refines proposals, with the default model for video; see `danpredict.model.zoo`.

    Raises
    ------
    RuntimeError, ValueError
        The model of ``DANPREDICT_MODEL`` cannot be read, or has no confidence.
    """
    from danpredict.predictor import DANShapePredictor
    from danpredict.predictor.follower import Follower

    return Follower(DANShapePredictor.from_model(read_default(VIDEO_MODEL)))


def distinct(faces: Sequence[Face]) -> list[tuple[float, BoundingBox]]:
    """The confidence and the landmark box of each face, the most confident first.

    A face whose centre lies in the landmark box of a more confident face counts as the same face.
    """
    kept: list[tuple[float, BoundingBox]] = []
    scored = [(face.confidence or 0.0, bounding_box(face.stages[-1])) for face in faces]
    for confidence, box in sorted(scored, reverse=True):
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        if not any(b.left <= x <= b.right and b.top <= y <= b.bottom for _, b in kept):
            kept.append((confidence, box))
    return kept


class Builtin:
    """Finds faces from about 80 pixels on. If none is upright, it looks for rolled faces.

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
        faces = self._faces(picture)
        around = box_calibration(EXPECTED_SOURCE).box_around
        return [FaceBox(*around(box), score, EXPECTED_SOURCE) for score, box in distinct(faces)]

    def _faces(self, picture: Image) -> list[Face]:
        gray = to_gray(picture)
        smallest = SMALLEST_FACE / 2**self.upsample
        faces = self._confident(picture, gray, smallest, 0.0)
        if not faces:
            smallest = max(smallest, SMALLEST_ROLLED * max(gray.shape))
            faces = [f for roll in ROLLS for f in self._confident(picture, gray, smallest, roll)]
        return faces

    def _confident(self, picture: Image, gray: Image, smallest: float, roll: float) -> list[Face]:
        """The faces that are still confident after two passes."""
        faces: list[Face] = []
        transforms: Sequence[Placement]
        transforms = face_proposals(gray, smallest, follower().mean_shape, roll)
        for limit in (MIN_FIRST_CONFIDENCE, MIN_CONFIDENCE):
            faces = follower().refine(picture, transforms)
            faces = [face for face in faces if face.confidence and face.confidence >= limit]
            transforms = [face.transform for face in faces]
        return faces
