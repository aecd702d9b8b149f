"""Head pose: angles of projected shapes come back, and real faces turn as their pictures do."""

from __future__ import annotations

import itertools
import json
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import danpredict
from danpredict import DANShapePredictor, Detection, HeadPose, convention
from danpredict.datasets.dataset import read_dataset
from danpredict.landmarks.head_pose import head_pose
from danpredict.landmarks.shape3d import mean_shape_3d

from ..conftest import Image, real_data

Points = NDArray[np.float64]
CAMERA = np.array([[900.0, 0, 320], [0, 950, 240], [0, 0, 1]])
GRID = list(itertools.product((-75, -30, 0, 30, 75), (-40, 0, 35), (-170, -45, 0, 45, 120)))
MIRROR = list(convention("ibug68").mirror or ())


def projected(pose: HeadPose, camera: Points | None = None) -> Points:
    """The 3-D shape in a pose, in image pixels."""
    turned = mean_shape_3d("ibug68") @ pose.rotation.T
    if camera is None:
        return np.asarray(90 * turned[:, :2] + [300, 200])
    points = (turned + np.array([0.4, -0.3, 8])) @ camera.T
    return np.asarray(points[:, :2] / points[:, 2:])


def angles(pose: HeadPose) -> list[float]:
    return [pose.yaw, pose.pitch, pose.roll]


def detection(landmarks: Points, rect: Any, **options: Any) -> Detection:
    return Detection(rect, landmarks, **options)


def test_the_shape_is_symmetric_and_has_the_documented_axes() -> None:
    shape = mean_shape_3d("ibug68")
    assert shape.shape == (68, 3)
    np.testing.assert_array_equal(shape[MIRROR] * [-1, 1, 1], shape)
    assert shape[45, 0] - shape[36, 0] == pytest.approx(1, abs=2e-4)
    np.testing.assert_allclose(shape[[36, 45]].mean(0), 0, atol=1e-3)
    assert shape[8, 1] > 1  # the chin is below the eyes
    assert shape[30, 2] < -0.3  # the nose is nearer to the camera, the ears are farther away
    assert shape[[0, 16], 2].min() > 0.3
    path = danpredict.resources.data_folder("adapters") / "shapes" / "ibug68.json"
    assert "shape_from_motion" in json.loads(path.read_text("utf-8"))["source"]


@pytest.mark.parametrize("camera", [None, CAMERA], ids=["orthographic", "perspective"])
def test_angles_of_projected_shapes_come_back(camera: Points | None) -> None:
    for yaw, pitch, roll in GRID:
        true = HeadPose(yaw, pitch, roll)
        found = head_pose(projected(true, camera), camera=camera)
        np.testing.assert_allclose(angles(found), angles(true), atol=1e-3)
        assert found.std is None


def test_the_signs_are_those_of_the_documentation() -> None:
    frontal = projected(HeadPose(0, 0, 0))
    eyes = frontal[[36, 45]].mean(0)
    turned, up, tilted = (
        projected(HeadPose(*pose)) for pose in ((30, 0, 0), (0, 30, 0), (0, 0, 30))
    )
    assert turned[30, 0] < frontal[30, 0] - 10  # the nose points to the left of the image
    assert up[30, 1] - up[33, 1] < frontal[30, 1] - frontal[33, 1]  # the nose tip goes up
    assert tilted[45, 1] > tilted[36, 1] + 10  # clockwise: the eye on the right goes down
    np.testing.assert_allclose(turned[[36, 45]].mean(0), eyes)


def test_mirrored_and_rolled_landmarks() -> None:
    rng = np.random.default_rng(0)
    landmarks = projected(HeadPose(20, -10, 15)) + rng.normal(0, 3, (68, 2))
    pose = head_pose(landmarks)
    mirrored = head_pose(landmarks[MIRROR] * [-1, 1] + [640, 0])
    np.testing.assert_allclose(angles(mirrored), [-pose.yaw, pose.pitch, -pose.roll], atol=1e-4)
    for degrees in (30, 90, 160):
        angle = np.radians(degrees)  # clockwise, since y points down
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        rolled = head_pose(landmarks @ matrix.T * 1.7 + 5)
        expected = [pose.yaw, pose.pitch, pose.roll + degrees]
        np.testing.assert_allclose(angles(rolled), expected, atol=1e-4)


def test_std_is_the_spread_of_angles_of_noisy_landmarks() -> None:
    rng = np.random.default_rng(0)
    landmarks, sigma = projected(HeadPose(25, 5, -10)), rng.uniform(1, 4, 68)
    noise = rng.normal(0, 1, (300, 68, 2)) * (sigma / np.sqrt(np.pi / 2))[:, None]
    assert np.linalg.norm(noise, axis=-1).mean(0) == pytest.approx(sigma, rel=0.2)
    found = np.array([angles(head_pose(landmarks + n)) for n in noise])
    assert head_pose(landmarks, sigma).std == pytest.approx(found.std(0), rel=0.15)


def test_other_landmarks_and_cameras_are_refused(rect: Any) -> None:
    landmarks = projected(HeadPose(0, 0, 0))
    assert detection(landmarks, rect).head_pose().yaw == pytest.approx(0, abs=1e-3)
    with pytest.raises(ValueError, match=r"68 landmarks of ibug68 for a head pose, got aflw19"):
        detection(landmarks[:19], rect, convention="aflw19").head_pose()
    with pytest.raises(ValueError, match="got 19 unnamed landmarks"):
        detection(landmarks[:19], rect).head_pose()
    absent = landmarks.copy()
    absent[5] = np.nan
    with pytest.raises(ValueError, match=r"finite landmarks for a head pose, got .*\[5\]"):
        detection(absent, rect, present=np.arange(68) != 5).head_pose()
    with pytest.raises(ValueError, match="different places"):
        detection(np.ones((68, 2)), rect).head_pose()
    for camera in (np.eye(2), np.zeros((3, 3)), "wide", CAMERA.T):
        with pytest.raises(ValueError, match="camera matrix"):
            detection(landmarks, rect).head_pose(camera)
    with pytest.raises(ValueError, match="convention with a 3-D shape"):
        mean_shape_3d("wflw98")


def test_the_astronaut(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    pose = predictor(astronaut, rect).head_pose()
    assert abs(pose.yaw) < 15
    assert abs(pose.pitch) < 20
    assert pose.std is not None
    assert all(0.05 < std < 3 for std in pose.std)
    width = astronaut.shape[1]
    box = (width - 1 - rect.right(), rect.top(), width - 1 - rect.left(), rect.bottom())
    mirrored = predictor(np.ascontiguousarray(astronaut[:, ::-1]), box).head_pose()
    np.testing.assert_allclose(angles(mirrored), [-pose.yaw, pose.pitch, -pose.roll], atol=2)


def test_pictures_that_are_mirrored_or_rolled(predictor: DANShapePredictor) -> None:
    folder = real_data("300w", "300-W pictures")
    boxes = json.loads((folder / "hog_boxes.json").read_text("utf-8"))
    mirrored, rolled = [], []
    for face in read_dataset(folder / "afw", 68)[::12]:
        box = boxes[face.path.relative_to(folder).as_posix()]
        if box is None:
            continue
        picture = face.picture()
        height, width = picture.shape[:2]
        left, top, right, bottom = box
        det = predictor(picture, box)
        pose = det.head_pose()
        flipped = np.ascontiguousarray(picture[:, ::-1])
        other = predictor(flipped, (width - 1 - right, top, width - 1 - left, bottom)).head_pose()
        mirrored.append([other.yaw + pose.yaw, other.pitch - pose.pitch, other.roll + pose.roll])
        x, y = det.landmarks.mean(0).tolist()
        clockwise = cv2.getRotationMatrix2D((x, y), -20, 1)
        turned = cv2.warpAffine(picture, clockwise, (width, height))
        rolled.append(predictor(turned, box).head_pose().roll - pose.roll - 20)
    assert len(rolled) > 15
    assert (np.median(np.abs(mirrored), axis=0) < 1.5).all()
    assert np.median(np.abs(rolled)) < 1


def clip(name: str, frames: int) -> list[Image]:
    """The first frames of a clip, RGB, a third of its size."""
    video = cv2.VideoCapture(str(real_data("videos", "clips") / name))
    read = [video.read()[1] for _ in range(frames)]
    return [np.ascontiguousarray(cv2.resize(f, None, fx=1 / 3, fy=1 / 3)[..., ::-1]) for f in read]


def jitter(values: list[float]) -> float:
    """Median absolute second difference, degrees."""
    return float(np.median(np.abs(np.diff(values, 2))))


def test_the_yaw_of_a_tracked_face_is_steady(dlib_predictor: Any) -> None:
    import dlib

    frames = clip("talking_front.mp4", 20)
    tracked = [face.head_pose().yaw for (face,) in danpredict.Tracker().track(frames)]
    detector = dlib.get_frontal_face_detector()
    theirs = []
    for frame in frames:
        parts = dlib_predictor(frame, detector(frame, 0)[0]).parts()
        theirs.append(head_pose(np.array([(p.x, p.y) for p in parts], float)).yaw)
    assert jitter(tracked) < jitter(theirs) / 4


def test_a_head_that_is_turned_throughout_a_clip() -> None:
    """The nose points to the left of the image, so the yaw is positive in all frames."""
    faces = danpredict.Tracker().track(clip("talking_side.mp4", 10))
    assert all(face.head_pose().yaw > 25 for (face,) in faces)
