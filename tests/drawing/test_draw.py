"""`danpredict.draw` marks faces of every kind and size, and leaves the rest of a picture alone."""

from __future__ import annotations

from typing import Any

import cv2
import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

import danpredict
from danpredict import DANShapePredictor, Detection, rectangle
from danpredict.drawing.faces import CERTAIN, UNCERTAIN
from danpredict.drawing.marks import write

from ..conftest import Image

GRAY = 127
RECT = rectangle(20, 20, 120, 120)
GRID = np.stack(np.meshgrid(np.linspace(30, 110, 3), np.linspace(30, 110, 3)), -1).reshape(-1, 2)


def blank(side: int = 200) -> Image:
    return np.full((side, side, 3), GRAY, np.uint8)


def places_of(picture: Image, colour: tuple[int, int, int]) -> NDArray[np.float64]:
    """Centres (N, 2) of the spots of a colour, sorted by y, then x."""
    near = (np.abs(picture.astype(int) - colour).max(2) < 60).astype(np.uint8)
    centres = cv2.connectedComponentsWithStats(near)[3][1:]
    return np.array(sorted(centres.tolist(), key=lambda c: (round(c[1]), c[0]))).reshape(-1, 2)


def test_dots_are_at_the_landmarks_and_nothing_else_changes() -> None:
    image = blank()
    picture = danpredict.draw(image, GRID)
    assert (image == GRAY).all()
    np.testing.assert_allclose(places_of(picture, CERTAIN), GRID, atol=0.6)
    rows, columns = np.nonzero((picture != GRAY).any(2))
    gaps = np.abs(np.stack([columns, rows], 1)[:, None] - GRID).max(2).min(1)
    assert gaps.max() <= 4
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("factor", [0.25, 1, 4])
def test_dots_are_as_large_as_the_face_demands(factor: float) -> None:
    picture = danpredict.draw(blank(800), GRID * factor)
    covered = (1 - picture[..., 0] / GRAY).sum() / (80 * factor) ** 2  # red: none in the dots
    assert 4e-4 < covered / len(GRID) < 0.03


def test_uncertain_landmarks_have_another_colour() -> None:
    sigma = np.full(9, 1.0)
    sigma[4] = 20
    for det in (
        Detection(RECT, GRID, sigma, 0.9),
        Detection(RECT, GRID, np.ones(9), 0.9, present=np.arange(9) != 4),
    ):
        picture = danpredict.draw(blank(), det, boxes=False, text=False)
        np.testing.assert_allclose(places_of(picture, UNCERTAIN), GRID[[4]], atol=0.6)
        assert len(places_of(picture, CERTAIN)) == 8
    doubted = danpredict.draw(blank(), Detection(RECT, GRID, np.ones(9), 0.2), text=False)
    assert len(places_of(doubted, UNCERTAIN)) == 9


def test_boxes_and_text_can_be_left_out() -> None:
    det = Detection(RECT, GRID, np.ones(9), 0.98)
    plain = danpredict.draw(blank(), det, boxes=False, text=False)
    np.testing.assert_array_equal(plain, danpredict.draw(blank(), GRID))
    boxed = danpredict.draw(blank(), det, text=False)
    assert (boxed[20, 40] > 230).all()
    assert (boxed[60, 120] > 230).all()
    both = danpredict.draw(blank(), det)
    above = slice(0, 18)
    assert (boxed[above] == GRAY).all()
    assert (both[above] != GRAY).any()


def test_faces_of_all_kinds_give_the_same_picture(
    predictor: DANShapePredictor, dlib_predictor: Any, astronaut: Image, rect: Any
) -> None:
    det = predictor(astronaut, rect)
    points = det.landmarks
    plain = danpredict.draw(astronaut, points)
    for faces in (points.tolist(), [points], points[None], [points.tolist()], (points,)):
        np.testing.assert_array_equal(danpredict.draw(astronaut, faces), plain)
    one = danpredict.draw(astronaut, det)
    np.testing.assert_array_equal(danpredict.draw(astronaut, [det]), one)
    assert (one != plain).any()
    theirs = dlib_predictor(astronaut, rect)
    assert type(theirs) is dlib.full_object_detection
    several = dlib.full_object_detections()
    several.append(theirs)
    drawn = danpredict.draw(astronaut, theirs)
    np.testing.assert_array_equal(danpredict.draw(astronaut, several), drawn)
    assert (drawn != astronaut).any(2).sum() > 68 * 4
    np.testing.assert_array_equal(danpredict.draw(astronaut, []), astronaut)


def test_a_gray_image_becomes_rgb(predictor: DANShapePredictor, astronaut: Image) -> None:
    gray = np.ascontiguousarray(astronaut[..., 1])
    det = predictor(gray, (179, 83, 266, 170))
    picture = danpredict.draw(gray, det)
    assert picture.shape == (*gray.shape, 3)
    assert (picture[300:] == gray[300:, :, None]).all()
    np.testing.assert_array_equal(danpredict.draw(gray / 255.0, det), picture)


@pytest.mark.parametrize("far", [-40.0, 300.0, 2.0**40, np.nan])
def test_what_is_missing_or_outside_is_left_out(far: float) -> None:
    points = GRID.copy()
    points[0] = far
    shown = places_of(danpredict.draw(blank(), points), CERTAIN)
    np.testing.assert_allclose(shown, GRID[1:], atol=0.7)
    everything = Detection(rectangle(-(10**6), -(10**6), 10**6, 10**6), np.full((3, 2), -1e5))
    assert danpredict.draw(blank(), everything).shape == (200, 200, 3)
    assert (danpredict.draw(blank(), np.zeros((0, 2))) == GRAY).all()


def test_missing_parts_of_dlib_are_left_out() -> None:
    parts = [danpredict.point(50, 50), danpredict.point(90, 90)]
    whole = danpredict.draw(blank(), dlib.full_object_detection(RECT, parts))
    absent = Detection(RECT, np.array([[50.0, 50], [90, 90], [np.nan, np.nan]]),
                       present=np.array([True, True, False]))  # fmt: skip
    np.testing.assert_array_equal(danpredict.draw(blank(), absent), whole)
    theirs = dlib.full_object_detection(RECT, list(absent.parts()))
    np.testing.assert_array_equal(danpredict.draw(blank(), theirs), whole)


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (60, 9)])
def test_text_fits_into_small_pictures(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), GRAY, np.uint8)
    for corner in ((-50, -50), (0, 0), (500, 500)):
        write(picture, "0.98", corner, CERTAIN, 9)
    det = Detection(RECT, GRID, np.ones(9), 0.98)
    assert danpredict.draw(np.zeros(size, np.uint8), det).shape == (*size, 3)


def test_what_is_no_face_is_refused(astronaut: Image) -> None:
    for wrong in (None, 7, "photo.jpg"):
        with pytest.raises(TypeError, match="expected a detection, landmarks"):
            danpredict.draw(astronaut, wrong)
    for shape in ((68, 3), (2, 68, 3), (68,)):
        with pytest.raises(ValueError, match="expected a detection or landmarks"):
            danpredict.draw(astronaut, np.zeros(shape))
    with pytest.raises(ValueError, match="expected a detection or landmarks"):
        danpredict.draw(astronaut, [danpredict.face_box((1, 2, 3, 4))])
    with pytest.raises(TypeError, match="image must be"):
        danpredict.draw("photo.jpg", GRID)
