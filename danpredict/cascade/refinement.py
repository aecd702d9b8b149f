"""The second pass: refine again if the first pass failed or moved far from its initial transform.

A face with a good box costs no extra time. The model card has the effect on the error.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from typing import Protocol

from danpredict.cascade.outputs import Refined
from danpredict.geometry.complex_similarity import Similarity
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import Target

# How far the last stage's transform may lie from the initial one. About 3 % of the validation
# faces exceed this with dlib's boxes; there a second pass reduced the error by 10 to 33 %.
MAX_ROTATION = math.radians(25)
MAX_LOG_SCALE = 0.25
MAX_SHIFT = 1 / 8  # of the canonical frame's side
# 95 % of the validation faces below this confidence had wrong landmarks. No face with a good box
# was below it.
LOW_CONFIDENCE = 0.5
# Shift of the other starts of a lost face, in sides of the canonical frame. With boxes shifted by
# 40 %, the error of the validation faces fell from 6.3 to 3.6 %. At 1/4, 1 % of the background
# boxes got a confidence above 0.5; at 1/5 none did.
SHIFT = 1 / 5
QUARTER_TURNS = (1j, -1, -1j)  # linear parts of rotations by 90, 180 and 270 degrees


class Cascading(Protocol):
    """A cascade, in ONNX Runtime or in torch."""

    size: int
    target: Target

    def refine(self, images: Sequence[Image], transforms: Sequence[Similarity]) -> Refined:
        """See `danpredict.cascade.onnx_cascade.Cascade.refine`."""


def moved_far(initial: Similarity, last: Similarity, size: int) -> bool:
    """Whether the last transform lies far from the initial one.

    Computed with Python's numbers: 2 microseconds a face, numpy takes 25.
    """
    change = last.linear / initial.linear
    centre = complex(1, 1) * (size - 1) / 2
    moved = change * (centre - initial.shift) + last.shift - centre
    return (
        abs(cmath.phase(change)) > MAX_ROTATION
        or abs(math.log(abs(change))) > MAX_LOG_SCALE
        or abs(moved) > MAX_SHIFT * size
    )


def rotated(transform: Similarity, turn: complex, size: int) -> Similarity:
    """The transform followed by a rotation about the canonical frame's centre.

    ``turn`` is ``cos(angle) + i sin(angle)``.
    """
    centre = complex(1, 1) * (size - 1) / 2
    return Similarity(turn, centre - turn * centre).after(transform)


def other_starts(transform: Similarity, size: int) -> list[Similarity]:
    """Seven other initial transforms of a lost face: three rotations and four shifts."""
    turned = [rotated(transform, turn, size) for turn in QUARTER_TURNS]
    sides = (1, 1j, -1, -1j)
    return turned + [transform._replace(shift=transform.shift + SHIFT * size * s) for s in sides]


def refine_once(
    cascade: Cascading, images: Sequence[Image], transforms: Sequence[Similarity]
) -> Refined:
    """One pass, for initial transforms that are known to be good."""
    return cascade.refine(images, transforms)


def refine_robustly(
    cascade: Cascading,
    images: Sequence[Image],
    transforms: Sequence[Similarity],
    always: bool = False,
) -> Refined:
    """One pass, and a second pass where it is needed, or for every face if ``always``.

    Faces with a confidence below `LOW_CONFIDENCE` are also refined from `other_starts`, in one
    batch. The most confident result is kept. Then these faces, and faces that moved far, are
    refined again from the similarity transform of their own landmarks, rotation included.
    """
    refined = cascade.refine(images, transforms)
    pairs = zip(transforms, refined.transforms, strict=True)
    again = [always or moved_far(initial, last, cascade.size) for initial, last in pairs]
    if refined.confidence is not None:
        confidences = refined.confidence.tolist()
        lost = [i for i, confidence in enumerate(confidences) if confidence < LOW_CONFIDENCE]
        for i in lost:
            again[i] = True
        if lost:
            tries = [(i, t) for i in lost for t in other_starts(transforms[i], cascade.size)]
            others = cascade.refine([images[i] for i, _ in tries], [t for _, t in tries])
            assert others.confidence is not None
            for k, (i, _) in enumerate(tries):
                if others.confidence[k] > refined.confidence[i]:
                    refined.replace([i], others, [k])
    rows = [i for i, needed in enumerate(again) if needed]
    if rows:
        own = refined.fits(cascade.target)
        second = cascade.refine([images[i] for i in rows], [own[i] for i in rows])
        refined.replace(rows, second, range(len(rows)))
    return refined
