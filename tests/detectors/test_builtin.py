"""The detector that needs nothing beside danpredict, on scikit-image's pictures."""

from __future__ import annotations

import json
import pickle

import cv2
import numpy as np
import pytest
from skimage import data

from danpredict import load_detector
from danpredict.boxes.face_box import FaceBox
from danpredict.files.pictures import read_picture

from ..conftest import Image, real_data

HEAD = np.s_[20:250, 110:330]  # of the astronaut; HOG's box of her face has 88 pixels
FACE_IN_HEAD = np.array([222 - 110, 126 - 20]) / 220  # its centre, in widths of the head
FACE_FREE = ["brick", "chelsea", "coffee", "coins", "grass", "gravel", "moon", "page", "rocket"]


def with_heads(astronaut: Image, size: tuple[int, int], heads: list[tuple[int, int, int]]) -> Image:
    """The picture of a coffee cup with heads on it: x and y of the corner, and width, in pixels."""
    coffee = data.coffee()  # type: ignore[no-untyped-call]
    photo = np.asarray(cv2.resize(coffee, size), np.uint8)
    head = np.ascontiguousarray(astronaut[HEAD])
    for x, y, width in heads:
        height = round(width * head.shape[0] / head.shape[1])
        small = cv2.resize(head, (width, height), interpolation=cv2.INTER_AREA)
        photo[y : y + height, x : x + width] = small
    return photo


def centres(boxes: list[FaceBox]) -> list[list[float]]:
    return [[(b.left + b.right) / 2, (b.top + b.bottom) / 2] for b in boxes]


def test_all_faces_of_a_photo_are_found(astronaut: Image) -> None:
    heads = [(50, 40, 230), (500, 100, 700), (1300, 60, 260), (1400, 700, 350), (60, 900, 300)]
    photo = with_heads(astronaut, (1800, 1300), heads)
    boxes = load_detector("builtin")(photo)
    assert len(boxes) == len(heads)
    expected = [np.array([x, y]) + FACE_IN_HEAD * width for x, y, width in heads]
    found = np.array(centres(boxes))
    for centre, (_, _, width) in zip(expected, heads, strict=True):
        (nearest,) = np.flatnonzero(np.linalg.norm(found - centre, axis=1) < 0.05 * width)
        box = boxes[nearest]
        assert box.right - box.left == pytest.approx(88 / 220 * width, rel=0.2)
    scores = [box.score for box in boxes if box.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert all(0.5 <= score <= 1 for score in scores)
    assert len(scores) == len(boxes)
    assert {box.source for box in boxes} == {"dlib-hog"}


def test_smaller_faces_are_found_by_upsampling(astronaut: Image) -> None:
    photo = with_heads(
        astronaut, (500, 400), [(40, 50, 120), (280, 200, 130)]
    )  # faces of 50 pixels
    assert load_detector("builtin")(photo) == []
    assert len(load_detector("builtin", upsample=1)(photo)) == 2


@pytest.mark.parametrize("name", FACE_FREE)
def test_pictures_without_faces_have_no_boxes(name: str) -> None:
    assert load_detector("builtin")(getattr(data, name)()) == []


def test_a_rolled_head_is_found(astronaut: Image) -> None:
    for degrees in (-30, 30):
        matrix = cv2.getRotationMatrix2D((222, 126), degrees, 1)
        rolled = np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512)), np.uint8)
        (box,) = load_detector("builtin")(rolled)
        np.testing.assert_allclose(centres([box])[0], [222, 126], atol=12)


def test_gray_and_pickled(astronaut: Image) -> None:
    detector = load_detector("builtin")
    small = np.ascontiguousarray(astronaut[:300, :400])
    gray = np.asarray(cv2.transform(small, np.full((1, 3), 1 / 3)), np.uint8)
    assert pickle.loads(pickle.dumps(detector))(small) == detector(small) == detector(gray)


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 9), (1, 1), (30, 30, 3), (20, 900)])
def test_tiny_pictures_have_no_boxes(shape: tuple[int, ...]) -> None:
    assert load_detector("builtin")(np.zeros(shape, np.uint8)) == []


def test_faces_that_dlib_misses_are_found() -> None:
    """Training faces of the model, so this does not say how well it does on other faces."""
    folder = real_data("300w", "300-W pictures")
    boxes = json.loads((folder / "hog_boxes.json").read_text())
    missed = [name for name, box in boxes.items() if box is None and name.startswith("afw")][:8]
    detector = load_detector("builtin")
    found = [bool(detector(read_picture(folder / name))) for name in missed]
    assert sum(found) >= 7
