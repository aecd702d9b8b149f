"""Tracking on made sequences: a still face moved by known similarities, so that truth is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict import DANShapePredictor, Tracker, convention
from danpredict.cli.main import main
from danpredict.evaluation.metrics import normalised_errors
from danpredict.geometry.similarity import face_transform
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.openness import eye_aspect_ratio
from danpredict.predictor.follower import Follower
from danpredict.video.annotate import track_video
from danpredict.video.files import Video
from danpredict.video.smoothing import FaceFilter, OneEuroFilter

from ..conftest import ROOT, Image
from ..faces import drawn_face


@pytest.fixture(scope="module")
def predictor() -> DANShapePredictor:
    """With the model that a tracker takes by default."""
    return Tracker().predictor


def moved(image: Image, matrix: NDArray[np.float64], size: tuple[int, int]) -> Image:
    shown = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(shown, np.uint8)


def wander(i: int) -> NDArray[np.float64]:
    """A head that turns, nods and comes nearer; (2, 3)."""
    angle, scale = 12 * np.sin(i / 9), 1 + 0.15 * np.sin(i / 13)
    matrix = cv2.getRotationMatrix2D((222, 126), angle, scale)
    matrix[:, 2] += 25 * np.sin(i / 11), 15 * np.sin(i / 7)
    return np.asarray(matrix)


def sequence(image: Image, count: int) -> Iterator[tuple[Image, NDArray[np.float64]]]:
    """Frames with fresh camera noise, and what moved them."""
    rng = np.random.default_rng(0)
    for i in range(count):
        frame = moved(image, wander(i), (512, 400))
        noisy = frame + rng.normal(0, 6, frame.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8), wander(i)


def on(matrix: NDArray[Any], points: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def shaking(predictor: DANShapePredictor, shapes: list[NDArray[np.floating]]) -> float:
    """Mean second difference of the shapes laid onto the mean shape, its pixels."""
    mean_shape = Follower(predictor).mean_shape
    laid = [face_transform(s, mean_shape)(s) for s in shapes]
    return float(np.linalg.norm(np.diff(laid, n=2, axis=0), axis=-1).mean())


def test_a_moving_face_is_followed_steadily(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    # From the rectangle and from its own landmarks: neither way has a head start.
    still = predictor(astronaut, rect).landmarks
    follower = Follower(predictor)
    start = face_transform(still, follower.mean_shape)
    truth = (still + follower.refine(astronaut, [start])[0].stages[-1]) / 2
    layout = convention("ibug68")
    tracker = Tracker(predictor, every=None)
    tracked, single, errors = [], [], []
    corners = np.array([[rect.left(), rect.top()], [rect.right(), rect.bottom()]], float)
    for frame, matrix in sequence(astronaut, 60):
        (face,) = tracker.update(frame)
        assert face.track_id == 0
        low, high = on(matrix, corners)
        box = (*np.minimum(low, high), *np.maximum(low, high))
        alone = predictor(frame, box)
        there = on(matrix, truth)[None]
        scale = face_scale(there, layout)
        errors.append(
            [normalised_errors(det.landmarks[None], there, scale)[0] for det in (face, alone)]
        )
        tracked.append(face.landmarks)
        single.append(alone.landmarks)
    assert tracker.detector_calls == 1
    tracked_error, single_error = np.mean(errors, axis=0)
    assert tracked_error < 1.1 * single_error
    assert shaking(predictor, tracked) < 0.5 * shaking(predictor, single)


def test_smoothing_is_off_by_one_argument(predictor: DANShapePredictor, astronaut: Image) -> None:
    frames = [frame for frame, _ in sequence(astronaut, 12)]
    shakes = []
    for smoothing in (0, 0.5, 1):
        faces = [faces[0] for faces in Tracker(predictor, smoothing=smoothing).track(frames)]
        shakes.append(shaking(predictor, [face.landmarks for face in faces]))
    assert shakes[0] > shakes[1] > shakes[2]


def test_the_filter_is_steady_and_has_little_lag() -> None:
    rng = np.random.default_rng(0)
    smooth = OneEuroFilter(0.5)
    still = np.array([smooth(rng.normal(0, 0.3, 68)) for _ in range(200)])
    assert still[20:].std() < 0.15
    ramp = OneEuroFilter(0.5)
    last = [ramp(np.full(3, 3.0 * i)) for i in range(40)][-1]  # three pixels a frame: a quick mouth
    assert (3.0 * 39 - last < 3.0).all()  # less than a frame behind


@pytest.mark.parametrize("smoothing", [0.5, 1.0])
def test_a_blink_survives_smoothing_and_noise_does_not(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    ears = np.full(60, 0.3)
    ears[40:43] = 0.2, 0.08, 0.2  # one frame with shut eyes, a tenth of a second in all
    raw = np.array([drawn_face(float(ear)) + rng.normal(0, 0.1, (68, 2)) for ear in ears])
    smooth = FaceFilter(smoothing, convention("ibug68"))
    found = eye_aspect_ratio(np.array([smooth(face) for face in raw]))
    assert found[41] < 0.5 * np.median(found)
    assert (found[:40] > 0.8 * np.median(found)).all()
    assert found[20:40].std() < 0.6 * eye_aspect_ratio(raw)[20:40].std()


def test_other_conventions_are_smoothed_landmark_by_landmark() -> None:
    rng = np.random.default_rng(0)
    face, alone = FaceFilter(0.5, convention("dlib5")), OneEuroFilter(0.5)
    for points in rng.normal(0, 1, (5, 5, 2)):
        np.testing.assert_array_equal(face(points), alone(points))


def test_a_face_that_leaves_is_lost_and_found_again(
    predictor: DANShapePredictor, astronaut: Image
) -> None:
    tracker = Tracker(predictor, every=5)
    ids: list[list[int | None]] = []
    empty = np.full((400, 512, 3), 90, np.uint8)
    shifts = [*range(0, -320, -16), *range(-320, 1, 16)]
    for shift in shifts:
        frame = empty.copy()
        left = max(0, 140 + shift)
        right = min(512, 310 + shift)
        if right > left:
            frame[40:260, left:right] = astronaut[30:250, left - shift : right - shift]
        faces = tracker.update(frame)
        assert all(np.isfinite(face.landmarks).all() for face in faces)
        ids.append([face.track_id for face in faces])
    assert ids[0] == [0]
    assert [] in ids
    assert ids[-1] not in ([], [0])  # found again, as somebody new
    assert ids[-1] == ids[-2]


def two_faces(astronaut: Image, gap: int) -> Image:
    """The astronaut, and her mirror image in front of her."""
    head = astronaut[30:230, 150:300]
    frame = np.full((320, 700, 3), 90, np.uint8)
    first, second = 275 - gap, 275 + gap
    frame[60:260, first : first + 150] = head
    frame[60:260, second : second + 150] = head[:, ::-1]
    return frame


def test_faces_that_cross_are_never_swapped(predictor: DANShapePredictor, astronaut: Image) -> None:
    """Whoever has a number keeps it, or nobody has it any more."""
    tracker = Tracker(predictor, every=3)
    places: dict[int, list[float]] = {}
    truth: dict[int, list[str]] = {}
    for gap in range(200, -201, -16):
        for face in tracker.update(two_faces(astronaut, gap)):
            assert face.track_id is not None
            x = float(face.landmarks[:, 0].mean())
            middles = {"first": 350 - gap, "second": 350 + gap}
            nearest = min(middles, key=lambda name: abs(middles[name] - x))
            places.setdefault(face.track_id, []).append(x)
            if abs(gap) > 75:  # apart
                truth.setdefault(face.track_id, []).append(nearest)
    assert all(len(set(names)) == 1 for names in truth.values())
    assert {names[0] for names in truth.values()} == {"first", "second"}


def test_odd_frames_are_survived(predictor: DANShapePredictor, astronaut: Image) -> None:
    tracker = Tracker(predictor)
    assert len(tracker.update(astronaut)) == 1
    assert tracker.update(None) == []
    assert len(tracker.update(astronaut)) == 1
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    for _ in range(2):
        faces = tracker.update(np.asarray(small, np.uint8))
    assert all(np.isfinite(face.landmarks).all() for face in faces)
    assert tracker.update(np.zeros((0, 0, 3), np.uint8)) == []
    assert len(tracker.update(astronaut)) == 1


def test_what_makes_no_sense_is_refused(predictor: DANShapePredictor) -> None:
    for options, said in (
        ({"smoothing": 2}, "smoothing from 0 to 1"),
        ({"every": 0}, "at least 1"),
    ):
        with pytest.raises(ValueError, match=said):
            Tracker(predictor, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="own convention"):
        Tracker(DANShapePredictor(convention="dlib5"))


def write_clip(path: Path, image: Image, count: int) -> None:
    """The moving face as a video."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (512, 400))
    for frame, _ in sequence(image, count):
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()


def test_a_video_is_tracked(
    tmp_path: Path, astronaut: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, rows = (tmp_path / name for name in ("in.mp4", "out.mp4", "rows.jsonl"))
    write_clip(source, astronaut, 10)
    assert main(["track", str(source), "--out", str(out), "--json", str(rows)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("10 frames, 10 faces in total, detector calls: 1, ")
    first = json.loads(rows.read_text().splitlines()[0])
    assert np.array(first["landmarks"]).shape == (68, 2)
    drawn = Video(out)
    assert sum(1 for _ in drawn) == 10
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    for name, words in (("bad.mp4", "expected a video (MP4"), ("none.mp4", "found no")):
        assert main(["track", str(tmp_path / name)]) == 2
        assert words in capsys.readouterr().err


def test_a_video_that_cannot_be_read_back_leaves_no_file(
    tmp_path: Path,
    predictor: DANShapePredictor,
    astronaut: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_clip(tmp_path / "in.mp4", astronaut, 2)
    monkeypatch.setattr("danpredict.video.files._count_frames", lambda path: 1)
    with pytest.raises(OSError, match="1 of 2 frames can be read back"):
        track_video(
            Video(tmp_path / "in.mp4"), Tracker(predictor), tmp_path / "a.mp4", tmp_path / "a.jsonl"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def run_example(name: str, *arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and errors of an example."""
    result = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "examples" / name, *arguments],
        capture_output=True, text=True, check=False,
        env={k: v for k, v in os.environ.items() if "DISPLAY" not in k} | environment,
    )  # fmt: skip
    return result.returncode, result.stdout, result.stderr


def test_jitter_is_measured(tmp_path: Path, astronaut: Image, dlib_model: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, astronaut, 12)
    code, said, errors = run_example("jitter.py", clip)
    assert code == 0, errors
    name, frames, *jitters, faster = said.splitlines()[-1].strip("| ").split(" | ")
    assert (name, frames) == ("clip", "12")
    theirs, ours, tracked = map(float, jitters)
    assert 0 < tracked < ours < theirs
    assert float(faster) > 1


def test_a_webcam_without_a_display_or_a_camera(tmp_path: Path, astronaut: Image) -> None:
    """OpenCV's window system would end the interpreter."""
    clip = tmp_path / "clip.mp4"
    write_clip(clip, astronaut, 2)
    code, _, errors = run_example("webcam.py", clip)
    assert code == 2
    assert "expected a display" in errors
    code, _, errors = run_example("webcam.py", "9", DISPLAY=":99")
    assert code == 2
    assert errors.splitlines()[-1].startswith("webcam.py: expected a camera or a video file")
