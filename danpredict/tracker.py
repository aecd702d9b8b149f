"""Faces through a video: each frame starts from the last one's landmarks, not from a detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from danpredict.cascade import Face
from danpredict.facebox import FaceBox, face_box
from danpredict.geometry import FloatArray, pose, pose_ahead, transform_points
from danpredict.smoothing import OneEuroFilter

if TYPE_CHECKING:
    from danpredict.objects import Detection
    from danpredict.predictor import DANShapePredictor

LOST = 0.3  # confidence below which a face is given up
FOUND = 0.6  # confidence that a new face needs
JUMP = 0.6  # of the face's size: no face moves so far off its course in a frame
SAME = 0.35  # of the smaller face's size: two tracks so near see one face


class Sight:
    """A face in one frame, and what it takes to find it in the next.

    Attributes
    ----------
    face : Face
        As found.
    pose : SimilarityTransform
        Of its landmarks, image to canonical frame.
    middle : (2,) float
        Of its landmarks, image pixels.
    size : float
        Half the diagonal of the landmarks' box; about the width of a face.
    """

    def __init__(self, face: Face, mean_shape: FloatArray) -> None:
        landmarks = face.stages[-1]
        self.face = face
        self.pose = pose(landmarks, mean_shape)
        self.middle: FloatArray = landmarks.mean(0)
        self.size = float(np.linalg.norm(np.ptp(landmarks, axis=0))) / 2


@dataclass
class Track:
    """A face that is followed.

    Attributes
    ----------
    number : int
        Its ``track_id``.
    seen : Sight
        In the last frame.
    velocity : (2,) float
        Of the face's middle, pixels a frame.
    """

    number: int
    seen: Sight
    smoother: OneEuroFilter | None
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2))

    def on_course(self, seen: Sight) -> bool:
        """Whether this is a face, and where the track could have brought it."""
        away = np.linalg.norm(seen.middle - (self.seen.middle + self.velocity))
        confidence = seen.face.confidence
        return confidence is not None and confidence >= LOST and bool(away < JUMP * self.seen.size)


def alone(seen: Sight, others: list[Sight]) -> bool:
    """Whether no other sight is of the same face."""
    return all(
        other is seen
        or np.linalg.norm(seen.middle - other.middle) > SAME * min(seen.size, other.size)
        for other in others
    )


class Tracker:
    """Follows all faces of a video.

    Parameters
    ----------
    predictor : DANShapePredictor, optional
        Its model has to tell its confidence, and answers in its own convention. By default one of
        ``slim68``, half the arithmetic of the default model for single pictures.
    detector : callable, optional
        dlib's, or one of `danpredict.load_detector`; dlib's HOG detector by default.
    smoothing : float
        From 0 (off: landmarks as found) over 0.5 to 1 (as steady as it gets). Smoothing happens in
        the canonical frame: it holds back changes of the face, not the head's movement.
    every : int, optional
        The detector looks for new faces every so many frames; None for only when a face is lost.
        Without a face it looks at every frame.

    Raises
    ------
    ValueError
        A smoothing that is not from 0 to 1, an ``every`` below 1, or a predictor that will not do.
    """

    def __init__(
        self,
        predictor: DANShapePredictor | None = None,
        detector: Callable[[Any], Iterable[Any]] | None = None,
        *,
        smoothing: float = 0.5,
        every: int | None = 30,
    ) -> None:
        from danpredict.detectors import load_detector
        from danpredict.predictor import DANShapePredictor
        from danpredict.shipped import VIDEO_MODEL, default_model

        if not 0 <= smoothing <= 1:
            raise ValueError(f"expected smoothing from 0 to 1, got {smoothing}")
        if every is not None and every < 1:
            raise ValueError(f"expected every to be None or at least 1, got {every}")
        self.predictor = predictor or DANShapePredictor(default_model(VIDEO_MODEL))
        if not self.predictor.can_follow:
            raise ValueError(
                "expected a predictor in its model's own convention, with confidence; "
                "danpredict.convert turns tracked landmarks into another"
            )
        self.detector = detector or load_detector("dlib")
        self.smoothing, self.every = smoothing, every
        self.tracks: list[Track] = []
        self.detector_calls = 0
        self._numbers = 0
        self._since = 0  # frames since the detector looked

    def update(self, frame: Any) -> list[Detection]:
        """The faces of the next frame, each with its ``track_id``.

        Parameters
        ----------
        frame : image as `danpredict.DANShapePredictor` takes it, or None for one that was dropped

        Returns
        -------
        list of Detection
            In the order in which the faces were found; ``landmarks`` are smoothed, ``rect`` lies
            around them as dlib's HOG detector would have framed them.
        """
        if frame is None:
            return []
        before = len(self.tracks)
        self._follow(frame)
        self._since += 1
        due = self.every is not None and self._since >= self.every
        if not self.tracks or len(self.tracks) < before or due:
            self._detect(frame)
        return [self._smoothed(track) for track in self.tracks]

    def track(self, frames: Iterable[Any]) -> Iterator[list[Detection]]:
        """`update` for every frame."""
        return map(self.update, frames)

    def _follow(self, frame: Any) -> None:
        """Take all tracks to the new frame; the lost ones are dropped."""
        starts = [pose_ahead(track.seen.pose, track.velocity) for track in self.tracks]
        faces = self.predictor.follow(frame, starts)
        sights = [Sight(face, self.predictor.mean_shape) for face in faces]
        kept = [
            (track, seen)
            for track, seen in zip(self.tracks, sights, strict=True)
            if track.on_course(seen)
        ]
        # Two tracks on one face: nobody knows whose it is, so both end and it gets a new number.
        sights = [seen for _, seen in kept]
        kept = [(track, seen) for track, seen in kept if alone(seen, sights)]
        for track, seen in kept:
            track.velocity = seen.middle - track.seen.middle
            track.seen = seen
        self.tracks = [track for track, _ in kept]

    def _detect(self, frame: Any) -> None:
        """Look for faces that no track is on."""
        self.detector_calls += 1
        self._since = 0
        followed = [track.seen for track in self.tracks]
        boxes: list[FaceBox] = []
        for box in map(face_box, self.detector(frame)):
            middle = np.array([box.left + box.right, box.top + box.bottom]) / 2
            if all(np.linalg.norm(seen.middle - middle) > seen.size / 2 for seen in followed):
                boxes.append(box)
        for det in self.predictor.predict(frame, boxes):
            if det.confidence is not None and det.confidence >= FOUND:
                smoother = OneEuroFilter(self.smoothing) if self.smoothing else None
                face = Face(det.landmarks.astype(float)[None], det.sigma, det.confidence)
                seen = Sight(face, self.predictor.mean_shape)
                self.tracks.append(Track(self._numbers, seen, smoother))
                self._numbers += 1

    def _smoothed(self, track: Track) -> Detection:
        """The detection with its number, and landmarks smoothed in the canonical frame."""
        face = track.seen.face
        if track.smoother is not None:
            matrix = track.seen.pose.params[None]
            smooth = track.smoother(transform_points(matrix, face.stages[-1:]))
            face = face._replace(stages=transform_points(np.linalg.inv(matrix), smooth))
        found = self.predictor.tracked(face)
        found.track_id = track.number
        return found
