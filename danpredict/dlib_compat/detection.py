"""`Detection`: a ``dlib.full_object_detection`` with sub-pixel landmarks and uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danpredict.dlib_compat.detection_checks import (
    check_finite,
    checked_array,
    checked_confidence,
    checked_present,
)
from danpredict.dlib_compat.detection_picture import landmarks_png
from danpredict.dlib_compat.library import full_object_detection, rectangle
from danpredict.dlib_compat.state import set_parts
from danpredict.geometry.complex_similarity import Similarity
from danpredict.geometry.similarity import COORDINATE_LIMIT

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

    from danpredict.landmarks.head_pose import HeadPose
    from danpredict.landmarks.measured import Measured


class Detection(full_object_detection):
    """A ``dlib.full_object_detection`` (or its stand-in) with sub-pixel landmarks.

    ``rect``, ``num_parts``, ``part(i)`` and ``parts()`` are dlib's. ``part(i)`` is landmark ``i``,
    rounded to whole pixels by ``floor(x + 0.5)`` as in dlib. From dlib 20.0.1 on, functions of
    dlib such as ``get_face_chip`` use the fractions of pixels too.

    Attributes
    ----------
    landmarks : (L, 2) float32
        x, y in image pixels.
    sigma : (L,) float32 or None
        Expected error of each landmark, image pixels; None if the model has no uncertainty.
    confidence : float or None
        Probability that this is a face whose landmarks have a mean error below 8 % of the distance
        between the outer eye corners; None if the model has no uncertainty.
    stages : (S, L, 2) float32 or None
        Landmarks after each stage, image pixels; ``stages[-1]`` equals ``landmarks``.
    present : (L,) bool
        False if ``part(i)`` is dlib's "not present". Such a landmark is uncertain, or NaN if it
        cannot be computed from the model's landmarks.
    convention : str or None
        Name of the landmarks' convention.
    transform : skimage.transform.SimilarityTransform or None
        From image pixels to the model's canonical frame, where the face is upright: the
        least-squares fit of the model's final landmarks to its mean shape.
    track_id : int or None
        Number of the face in a video; see `danpredict.Tracker`.

    Raises
    ------
    TypeError
        ``rect`` is not a rectangle.
    ValueError
        An array of a wrong shape, or a present landmark that is not finite or not below 2 ** 47.
    """

    _similarity: Similarity | None = None
    track_id: int | None = None

    def __init__(
        self,
        rect: Any,
        landmarks: NDArray[np.floating],
        sigma: NDArray[np.floating] | None = None,
        confidence: float | None = None,
        stages: NDArray[np.floating] | None = None,
        present: NDArray[np.bool_] | None = None,
        convention: str | None = None,
        transform: SimilarityTransform | None = None,
    ) -> None:
        points = checked_array("landmarks", landmarks, (None, 2))
        count = len(points)
        if present is not None:
            present = checked_present(present, count)
        check_finite(points if present is None else points[present])
        if not isinstance(rect, rectangle):
            raise TypeError(f"expected a dlib.rectangle for rect, got {rect!r:.80}")
        self.landmarks, self.convention = points, convention
        self.sigma = None if sigma is None else checked_array("sigma", sigma, (count,))
        self.confidence = None if confidence is None else checked_confidence(confidence)
        self.stages = None if stages is None else checked_array("stages", stages, (None, count, 2))
        self.present = set_parts(self, rect, points, present)
        if transform is not None:
            self.transform = transform

    @classmethod
    def of_cascade(
        cls,
        rect: rectangle,
        landmarks: NDArray[np.floating],
        sigma: NDArray[np.floating] | None,
        confidence: float | None,
        stages: NDArray[np.floating] | None,
        present: NDArray[np.bool_] | None,
        convention: str,
        similarity: Similarity,
    ) -> Detection:
        """A detection of float32 copies of arrays that the cascade has checked already."""
        detection = cls.__new__(cls)
        detection.landmarks = landmarks.astype(np.float32)
        detection.sigma = None if sigma is None else sigma.astype(np.float32)
        detection.stages = None if stages is None else stages.astype(np.float32)
        detection.confidence, detection.convention = confidence, convention
        detection._similarity = similarity
        detection.present = set_parts(detection, rect, detection.landmarks, present)
        return detection

    @cached_property
    def transform(self) -> SimilarityTransform | None:
        """Made when it is first read, because importing scikit-image takes long."""
        return None if self._similarity is None else self._similarity.transform()

    def head_pose(self, camera: Any = None) -> HeadPose:
        """Yaw, pitch and roll of the head, degrees; see `HeadPose` for their signs.

        A 3-D mean shape is fitted to the landmarks by least squares.

        Parameters
        ----------
        camera : (3, 3) float, optional
            Intrinsic matrix ``[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]`` in pixels, as in OpenCV, for
            a perspective projection. The default is a scaled orthographic projection, which needs
            no camera and suits faces that are far away compared with their depth.

        Raises
        ------
        ValueError
            The landmarks are not 68 of ``ibug68``, one is not finite, or the camera matrix has
            another form.
        """
        from danpredict.landmarks.head_pose import head_pose

        return head_pose(self.landmarks, self.sigma, self.convention, camera)

    @property
    def eye_openness(self) -> tuple[Measured, Measured]:
        """Eye aspect ratios of the person's right and left eye: height divided by width.

        About 0.3 for open eyes. Each is a float with an attribute ``std``; see `Measured`.

        Raises
        ------
        ValueError
            The landmarks are not 68 of ``ibug68``, or one of an eye is not finite.
        """
        from danpredict.landmarks.measured import eye_openness

        return eye_openness(self.landmarks, self.sigma, self.convention)

    @property
    def mouth_openness(self) -> Measured:
        """Height of the inner lips divided by their width: 0 for a shut mouth.

        A float with an attribute ``std``; see `Measured`.

        Raises
        ------
        ValueError
            The landmarks are not 68 of ``ibug68``, or one of the inner lips is not finite.
        """
        from danpredict.landmarks.measured import mouth_openness

        return mouth_openness(self.landmarks, self.sigma, self.convention)

    def __repr__(self) -> str:
        confidence = "" if self.confidence is None else f", confidence {self.confidence:.2f}"
        track = "" if self.track_id is None else f", track {self.track_id}"
        name = f" ({self.convention})" if self.convention else ""
        return f"<Detection in {self.rect}: {self.num_parts} landmarks{name}{confidence}{track}>"

    def _repr_png_(self) -> bytes:
        """The landmarks and their uncertainty as a PNG picture, which notebooks display."""
        return landmarks_png(self.landmarks, self.sigma, self.present)

    def __reduce__(self) -> tuple[Any, ...]:
        # dlib's own pickling loses the attributes of subclasses.
        rect = self.rect
        sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
        return _restore, (sides, self.__dict__)


def _restore(sides: tuple[int, int, int, int], attributes: dict[str, Any]) -> Detection:
    """Rebuild a detection from a pickle; ValueError if the pickle has something else."""
    names = ("landmarks", "sigma", "confidence", "stages", "present", "convention")
    if not isinstance(attributes, dict) or not set(names) <= set(attributes):
        raise ValueError(
            f"expected a pickled detection with the attributes {names}, got {attributes!r:.80}"
        )
    try:
        rect = rectangle(*sides)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"expected four whole numbers for a rectangle, got {sides!r:.80}"
        ) from error
    detection = Detection(rect, *(attributes[name] for name in names))
    # The other attributes include those that users added.
    detection.__dict__.update({k: v for k, v in attributes.items() if k not in names})
    return detection


def rectangle_of(rect: Any, box: Sequence[float]) -> rectangle:
    """``rect`` if it is dlib's rectangle, else ``box`` (left, top, right, bottom), rounded."""
    if isinstance(rect, rectangle):
        return rect
    return rectangle(*(round(min(max(v, -COORDINATE_LIMIT), COORDINATE_LIMIT)) for v in box))
