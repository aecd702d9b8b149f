"""What the tracker needs of a predictor: refine faces from where they were in the last frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from danpredict.cascade.outputs import Face
from danpredict.cascade.parallel import refine_in_batches
from danpredict.cascade.refinement import refine_once
from danpredict.geometry.complex_similarity import Placement, as_similarity
from danpredict.image_input import as_image
from danpredict.predictor.predictor import DANShapePredictor

if TYPE_CHECKING:
    from danpredict.dlib_compat.detection import Detection


class Follower:
    """Refines faces of a video from initial transforms instead of boxes.

    Parameters
    ----------
    predictor : DANShapePredictor

    Attributes
    ----------
    mean_shape : (L, 2) float, canonical pixels
    target : Target
        The mean shape, prepared for fits.

    Raises
    ------
    ValueError
        The predictor converts to another convention, or its model has no confidence.
    """

    def __init__(self, predictor: DANShapePredictor) -> None:
        self._cascade, self._builder = predictor._cascade, predictor._builder
        if self._builder.conversion is not None or not self._cascade.has_uncertainty:
            raise ValueError(
                "expected a predictor in its model's own convention, with confidence; "
                "danpredict.convert converts tracked landmarks to another convention"
            )
        self._threads = predictor._options.threads
        self.mean_shape, self.target = self._cascade.mean_shape, self._cascade.target

    def refine(self, frame: Any, transforms: Sequence[Placement]) -> list[Face]:
        """Refine N faces of a frame in one pass each.

        ``transforms`` are the N initial transforms, image to canonical frame.
        """
        images = [as_image(frame)] * len(transforms)
        placed = [as_similarity(transform) for transform in transforms]
        found = refine_in_batches(self._cascade, images, placed, refine_once, self._threads)
        return list(found)

    def detection(self, face: Face) -> Detection:
        """The detection of a face; ``rect`` lies where dlib's HOG detector would put it."""
        return self._builder.tracked(face)
