"""Track faces through a video: each frame starts from the landmarks of the last frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from danpredict.boxes.face_box import FaceBox, face_box
from danpredict.cascade.outputs import Face
from danpredict.geometry.complex_similarity import as_complex, as_similarity
from danpredict.geometry.similarity import FloatArray
from danpredict.video.smoothing import FaceFilter, Smoother

if TYPE_CHECKING:
    from danpredict.dlib_compat.detection import Detection
    from danpredict.predictor import DANShapePredictor
    from danpredict.predictor.follower import Follower

MIN_CONFIDENCE = 0.3  # a track ends if its confidence falls below
MIN_NEW_CONFIDENCE = 0.6  # a new track needs at least this confidence
MAX_JUMP = 0.6  # of the face's size: a track ends if the face is farther from where it is expected
SAME_FACE = 0.35  # of the smaller face's size: two faces with closer centres are the same face


class TrackedFace:
    """A face in one frame.

    Attributes
    ----------
    face : Face
        Before smoothing.
    centre : (2,) float
        Mean of the landmarks, image pixels.
    size : float
        Half the diagonal of the landmarks' box, image pixels; about the width of the face.
    """

    def __init__(self, face: Face) -> None:
        landmarks = face.stages[-1]
        self.face = face
        self.centre: FloatArray = landmarks.mean(0)
        self.size = float(np.linalg.norm(np.ptp(landmarks, axis=0))) / 2


@dataclass
class Track:
    """A face through the frames of a video.

    Attributes
    ----------
    number : int
        The ``track_id`` of its detections.
    last : TrackedFace
        The face in the last frame.
    smoother : Smoother or None
    velocity : (2,) float
        Movement of the face's centre, image pixels per frame.
    """

    number: int
    last: TrackedFace
    smoother: Smoother | None
    velocity: FloatArray = field(default_factory=lambda: np.zeros(2))

    def accepts(self, new: TrackedFace) -> bool:
        """Whether the refined face is confident, and close to where the track expects it."""
        jump = np.linalg.norm(new.centre - (self.last.centre + self.velocity))
        confidence = new.face.confidence
        return (
            confidence is not None
            and confidence >= MIN_CONFIDENCE
            and bool(jump < MAX_JUMP * self.last.size)
        )


def is_unique(face: TrackedFace, others: list[TrackedFace]) -> bool:
    """Whether no other tracked face is the same face."""
    return all(
        other is face
        or np.linalg.norm(face.centre - other.centre) > SAME_FACE * min(face.size, other.size)
        for other in others
    )


def follower_of(predictor: DANShapePredictor) -> Follower:
    """See `Follower`; imported late because a predictor takes long to import."""
    from danpredict.predictor.follower import Follower

    return Follower(predictor)


class Tracker:
    """Tracks all faces of a video. Each frame starts from the landmarks of the last one.

    Parameters
    ----------
    predictor : DANShapePredictor, optional
        Its model must have a confidence, and it must use the model's own convention. The default
        is a predictor of the model that the environment variable ``DANPREDICT_MODEL`` names;
        without it, of ``slim68``: three fifths of the arithmetic of ``lean68``.
    detector : callable, optional
        dlib's, or one of `danpredict.load_detector`; ``"auto"`` by default.
    smoothing : float
        From 0 (none) to 1 (strongest). Smoothing happens in the canonical frame, so it damps
        changes of the face but not the movement of the head. Lids and lips that move fast are
        smoothed little, so that blinks stay visible.
    every : int, optional
        The detector looks for new faces every ``every`` frames, and whenever a face was lost; with
        None only when a face was lost. While there is no face it looks at every frame.

    Raises
    ------
    ValueError
        A smoothing outside 0 to 1, an ``every`` below 1, or a predictor that cannot track.
    """

    def __init__(
        self,
        predictor: DANShapePredictor | None = None,
        detector: Callable[[Any], Iterable[Any]] | None = None,
        *,
        smoothing: float = 0.5,
        every: int | None = 30,
    ) -> None:
        from danpredict.detectors.load import load_detector
        from danpredict.model.zoo import VIDEO_MODEL, read_default
        from danpredict.predictor import DANShapePredictor

        if not 0 <= smoothing <= 1:
            raise ValueError(f"expected smoothing from 0 to 1, got {smoothing}")
        if every is not None and every < 1:
            raise ValueError(f"expected every to be None or at least 1, got {every}")
        self.predictor = predictor or DANShapePredictor.from_model(read_default(VIDEO_MODEL))
        self._follower = follower_of(self.predictor)
        self.detector = detector or load_detector("auto")
        self.smoothing, self.every = smoothing, every
        self.tracks: list[Track] = []
        self.detector_calls = 0
        self._numbers = 0
        self._since = 0  # frames since the last call of the detector

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_follower"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._follower = follower_of(self.predictor)

    def update(self, frame: Any) -> list[Detection]:
        """Track the faces into the next frame.

        Parameters
        ----------
        frame : image as `danpredict.DANShapePredictor` accepts it, or None for a dropped frame

        Returns
        -------
        list of Detection
            Each with its ``track_id``, oldest track first. ``landmarks`` are smoothed; ``rect``
            lies where dlib's HOG detector would put it.
        """
        if frame is None:
            return []
        before = len(self.tracks)
        self._refine(frame)
        self._since += 1
        due = self.every is not None and self._since >= self.every
        if not self.tracks or len(self.tracks) < before or due:
            self._detect(frame)
        return [self._smoothed(track) for track in self.tracks]

    def track(self, frames: Iterable[Any]) -> Iterator[list[Detection]]:
        """Call `update` for every frame."""
        return map(self.update, frames)

    def _refine(self, frame: Any) -> None:
        """Refine all tracks in the new frame and drop the lost ones."""
        initial = [t.last.face.transform.moved(*t.velocity.tolist()) for t in self.tracks]
        faces = map(TrackedFace, self._follower.refine(frame, initial))
        kept = [
            (track, face)
            for track, face in zip(self.tracks, faces, strict=True)
            if track.accepts(face)
        ]
        # Two tracks on one face: it is unknown which is right, so both end and a new one starts.
        accepted = [face for _, face in kept]
        kept = [(track, face) for track, face in kept if is_unique(face, accepted)]
        for track, face in kept:
            track.velocity = face.centre - track.last.centre
            track.last = face
        self.tracks = [track for track, _ in kept]

    def _detect(self, frame: Any) -> None:
        """Start tracks for faces that have none."""
        self.detector_calls += 1
        self._since = 0
        known = [track.last for track in self.tracks]
        boxes: list[FaceBox] = []
        for box in map(face_box, self.detector(frame)):
            centre = np.array([box.left + box.right, box.top + box.bottom]) / 2
            if all(np.linalg.norm(face.centre - centre) > face.size / 2 for face in known):
                boxes.append(box)
        for det in self.predictor.predict(frame, boxes):
            if det.confidence is not None and det.confidence >= MIN_NEW_CONFIDENCE:
                assert det.transform is not None
                smoother = (
                    FaceFilter(self.smoothing, self.predictor.convention)
                    if self.smoothing
                    else None
                )
                stages = det.landmarks.astype(float)[None]
                face = Face(stages, det.sigma, det.confidence, as_similarity(det.transform))
                self.tracks.append(Track(self._numbers, TrackedFace(face), smoother))
                self._numbers += 1

    def _smoothed(self, track: Track) -> Detection:
        """The track's detection, with landmarks smoothed in the canonical frame."""
        face = track.last.face
        if track.smoother is not None:
            smooth = face.transform.inverse()(track.smoother(face.transform(face.stages[-1])))
            (transform,) = self._follower.target.fits(as_complex(smooth[None]), [face.transform])
            face = face._replace(stages=smooth[None], transform=transform)
        detection = self._follower.detection(face)
        detection.track_id = track.number
        return detection
