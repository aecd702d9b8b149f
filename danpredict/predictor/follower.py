"""What the tracker needs of a predictor: refine faces from where they were in the last frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from danpredict.cascade.outputs import Face
from danpredict.cascade.parallel import refine_in_batches
from danpredict.cascade.refinement import refine_once
from danpredict.image_input import as_image
from danpredict.predictor.predictor import DANShapePredictor

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

    from danpredict.dlib_compat.detection import Detection


class Follower:
    """Refines faces of a video from initial transforms instead of boxes.

    Parameters
    ----------
    predictor : DANShapePredictor

    Attributes
    ----------
    mean_shape : (L, 2) float, canonical pixels

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
        self.mean_shape = self._cascade.mean_shape

    def refine(self, frame: Any, transforms: Sequence[SimilarityTransform]) -> list[Face]:
        """Refine N faces of a frame in one pass each.

        ``transforms`` are the N initial transforms, image to canonical frame.
        """
        images = [as_image(frame)] * len(transforms)
        found = refine_in_batches(self._cascade, images, transforms, refine_once, self._threads)
        return list(found)

    def detection(self, face: Face) -> Detection:
        """The detection of a face; ``rect`` lies where dlib's HOG detector would put it."""
        return self._builder.tracked(face)
