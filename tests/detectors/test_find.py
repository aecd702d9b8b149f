"""`find_faces`: from a file or an image to landmarks, with and without dlib."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor, find_faces

from ..conftest import Image
from ..program import write_video

WITHOUT_DLIB = "import sys; sys.modules['dlib'] = None\nimport danpredict, numpy as np\n"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    path = tmp_path_factory.mktemp("photo") / "astronaut.jpg"
    cv2.imwrite(str(path), astronaut[..., ::-1])
    return path


def run(code: str, *arguments: object) -> str:
    """What Python prints, where dlib seems to be missing."""
    words = [sys.executable, "-W", "error", "-c", WITHOUT_DLIB + code, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("detector", ["auto", "builtin", "dlib"])
def test_a_photo_in_one_line(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, photo: Path, detector: str
) -> None:
    expected = predictor(astronaut, rect).landmarks
    for image in (photo, str(photo), astronaut):
        (face,) = find_faces(image, detector=detector)
        assert np.linalg.norm(face.landmarks - expected, axis=1).mean() < 1
        assert face.confidence is not None
        assert face.confidence > 0.9


def test_the_arguments_are_used(astronaut: Image, rect: Any) -> None:
    five = DANShapePredictor(convention="dlib5")
    (face,) = find_faces(astronaut, detector=lambda image: [rect], predictor=five)
    np.testing.assert_array_equal(face.landmarks, five(astronaut, rect).landmarks)
    small = np.asarray(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    assert find_faces(small) == []
    assert len(find_faces(small, upsample=1)) == 1


def test_boxes_without_a_face_are_left_out(astronaut: Image, rect: Any) -> None:
    elsewhere = (131, 333, 218, 419)
    assert len(find_faces(astronaut, detector=lambda image: [rect, elsewhere])) == 1


def test_a_file_is_turned_upright(tmp_path: Path, astronaut: Image) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is missing")
    turned = image.fromarray(np.rot90(astronaut).copy())
    exif = image.Exif()
    exif[0x0112] = 6  # orientation: the camera was turned, so rotate by 90 degrees clockwise
    turned.save(tmp_path / "turned.jpg", exif=exif)
    (face,) = find_faces(tmp_path / "turned.jpg")
    np.testing.assert_allclose(face.landmarks.mean(0), [222, 128], atol=5)


def test_mistakes_are_explained(tmp_path: Path, astronaut: Image) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(FileNotFoundError, match="expected a picture, found no such file"):
        find_faces(tmp_path / "nothing.jpg")
    with pytest.raises(ValueError, match="expected a picture, got a file that neither OpenCV"):
        find_faces(str(tmp_path / "text.jpg"))
    with pytest.raises(ValueError, match="expected a detector out of"):
        find_faces(astronaut, detector="nobody")
    with pytest.raises(ValueError, match="expected upsample 0 with a detector that is already"):
        find_faces(astronaut, detector=danpredict.load_detector(), upsample=1)
    with pytest.raises(TypeError, match="image must be a numpy"):
        find_faces(None)


def test_without_dlib(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, photo: Path
) -> None:
    code = "face, = danpredict.find_faces(sys.argv[1]); print(face.landmarks.ravel().tolist())"
    found = np.array(eval(run(code, photo))).reshape(68, 2)
    expected = predictor(astronaut, rect).landmarks
    assert np.linalg.norm(found - expected, axis=1).mean() < 1


def test_a_video_without_dlib(tmp_path: Path, astronaut: Image) -> None:
    frames = [np.ascontiguousarray(np.roll(astronaut, i, 1)) for i in range(4)]
    write_video(tmp_path / "clip.mp4", frames)
    code = (
        "from danpredict.cli.main import main\n"
        "raise SystemExit(main(['track', sys.argv[1], '--json', sys.argv[2]]))"
    )
    said = run(code, tmp_path / "clip.mp4", tmp_path / "faces.jsonl")
    assert said.startswith("4 frames, 4 faces in total, detector calls: 1, ")
