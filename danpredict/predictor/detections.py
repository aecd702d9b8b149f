"""From refined faces to detections: convention, missing landmarks, dlib's rectangle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from danpredict.boxes.calibration import EXPECTED_SOURCE, box_calibration
from danpredict.cascade.outputs import Face
from danpredict.geometry.similarity import bounding_box
from danpredict.landmarks.convention import Convention, convention
from danpredict.landmarks.conversion import conversion
from danpredict.landmarks.normalisation import face_scale

if TYPE_CHECKING:
    from danpredict.dlib_compat.detection import Detection


class DetectionBuilder:
    """Makes detections of refined faces.

    Parameters
    ----------
    own : Convention
        Of the model's landmarks.
    wanted : str or None
        Name of the convention of the detections; the model's own by default.
    max_sigma : float or None
        See `danpredict.DANShapePredictor`.

    Raises
    ------
    ValueError
        The model's landmarks cannot be converted to the wanted convention.
    """

    def __init__(self, own: Convention, wanted: str | None, max_sigma: float | None) -> None:
        self.own, self.max_sigma = own, max_sigma
        self.conversion = None if wanted is None else conversion(own, convention(wanted))
        self.name = wanted or own.name

    def detection(self, face: Face, rect: Any) -> Detection:
        """A detection with dlib's rectangle ``rect``."""
        from danpredict.dlib_compat.detection import Detection  # imports dlib, which takes long

        stages, sigma = face.stages, face.sigma
        present = self._present(stages[-1], sigma)
        if self.conversion is not None:
            if sigma is not None:
                sigma = self.conversion.apply(sigma[:, None])[:, 0]
            if present is not None:
                present = np.asarray(self.conversion.weights @ ~present == 0)
            if self.conversion.missing:
                count = len(self.conversion.flags)
                present = np.ones(count, bool) if present is None else present
                present[self.conversion.missing] = False
            stages = self.conversion.apply(stages)
        return Detection.of_cascade(
            rect, stages[-1], sigma, face.confidence, stages, present, self.name, face.transform
        )

    def tracked(self, face: Face) -> Detection:
        """A detection without stages; its rectangle lies where dlib's HOG detector puts it."""
        from danpredict.dlib_compat.detection import Detection, rectangle_of

        landmarks = face.stages[-1]
        around = box_calibration(EXPECTED_SOURCE).box_around(bounding_box(landmarks))
        return Detection.of_cascade(
            rectangle_of(None, around),
            landmarks,
            face.sigma,
            face.confidence,
            None,
            self._present(landmarks, face.sigma),
            self.name,
            face.transform,
        )

    def _present(
        self, landmarks: NDArray[np.floating], sigma: NDArray[np.floating] | None
    ) -> NDArray[np.bool_] | None:
        """Which landmarks are certain enough; None if no limit was set."""
        if sigma is None or self.max_sigma is None:
            return None
        scale = face_scale(landmarks[None], self.own)[0]
        return np.asarray(sigma <= self.max_sigma * scale)
