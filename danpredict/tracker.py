"""Faces through a video: each frame starts from the last one's landmarks, not from a detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from danpredict.cascade import Face
from danpredict.facebox import FaceBox, face_box
from danpredict.geometry import FloatArray, pose, pose_ahead
from danpredict.smoothing import OneEuroFilter

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

    from danpredict.objects import Detection
    from danpredict.predictor import DANShapePredictor

LOST = 0.3  # confidence below which a face is given up
FOUND = 0.6  # confidence that a new face needs
JUMP = 0.6  # of the face's size: no face moves so far off its course in a frame
SAME = 0.35  # of the smaller face's size: two tracks so near see one face


@dataclass
class Track:
    """A face that is followed.

    Attributes
    ----------
    number : int
        Its ``track_id``.
    face : Face
        As found in the last frame.
    pose : SimilarityTransform
        Theirs, image to canonical frame.
    velocity : (2,) float
        Of the face's middle, pixels a frame.
    """

    number: int
    face: Face
    pose: SimilarityTransform
    smoother: OneEuroFilter | None
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2))

    @property
    def landmarks(self) -> FloatArray:
        """(L, 2) image pixels, of the last frame."""
        return np.asarray(self.face.stages[-1])

    @property
    def middle(self) -> FloatArray:
        """Of the landmarks."""
        return np.asarray(self.landmarks.mean(0))

    @property
    def size(self) -> float:
        """Half the diagonal of the landmarks' box; about the width of a face."""
        return float(np.linalg.norm(np.ptp(self.landmarks, axis=0))) / 2


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
        starts = [pose_ahead(track.pose, track.velocity) for track in self.tracks]
        faces = self.predictor.follow(frame, starts)
        kept: list[tuple[Track, Face, FloatArray]] = []
        for track, face in zip(self.tracks, faces, strict=True):
            middle = face.stages[-1].mean(0)
            away = np.linalg.norm(middle - (track.middle + track.velocity))
            if face.confidence is not None and face.confidence >= LOST and away < JUMP * track.size:
                kept.append((track, face, middle))
        # Two tracks on one face: nobody knows whose it is, so both end and it gets a new number.
        middles = [(middle, track.size) for track, _, middle in kept]
        alone = [
            all(
                i == j or np.linalg.norm(middle - other) > SAME * min(size, others)
                for j, (other, others) in enumerate(middles)
            )
            for i, (middle, size) in enumerate(middles)
        ]
        kept = [pair for pair, single in zip(kept, alone, strict=True) if single]
        for track, face, middle in kept:
            track.velocity = middle - track.middle
            track.face, track.pose = face, pose(face.stages[-1], self.predictor.mean_shape)
        self.tracks = [track for track, _, _ in kept]

    def _detect(self, frame: Any) -> None:
        """Look for faces that no track is on."""
        self.detector_calls += 1
        self._since = 0
        boxes: list[FaceBox] = []
        for box in map(face_box, self.detector(frame)):
            middle = np.array([box.left + box.right, box.top + box.bottom]) / 2
            if all(np.linalg.norm(track.middle - middle) > track.size / 2 for track in self.tracks):
                boxes.append(box)
        for det in self.predictor.predict(frame, boxes):
            if det.confidence is not None and det.confidence >= FOUND:
                smoother = OneEuroFilter(self.smoothing) if self.smoothing else None
                face = Face(det.landmarks.astype(float)[None], det.sigma, det.confidence)
                start = pose(face.stages[-1], self.predictor.mean_shape)
                self.tracks.append(Track(self._numbers, face, start, smoother))
                self._numbers += 1

    def _smoothed(self, track: Track) -> Detection:
        """The detection with its number, and landmarks smoothed in the canonical frame."""
        face = track.face
        if track.smoother is not None:
            smooth = track.pose.inverse(track.smoother(track.pose(track.landmarks)))
            face = face._replace(stages=smooth[None])
        found = self.predictor.tracked(face)
        found.track_id = track.number
        return found
