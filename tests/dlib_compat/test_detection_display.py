"""What a detection has besides dlib's interface: transform, text and picture."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict import DANShapePredictor, Detection, rectangle
from danpredict.cascade.outputs import Refined
from danpredict.dlib_compat.detection_picture import MARGIN, SIZE
from danpredict.geometry.complex_similarity import Similarity
from danpredict.geometry.similarity import Target

from ..conftest import Image

RECT = rectangle(10, 20, 60, 70)
CORNERS = np.array([[10.0, 20], [60, 20], [60, 70], [10, 70]])


def picture(detection: Detection) -> Image:
    """The picture that a notebook shows, (SIZE, SIZE, 3) BGR."""
    data = detection._repr_png_()
    assert data.startswith(b"\x89PNG")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (SIZE, SIZE, 3)
    return np.asarray(image, np.uint8)


def dots(image: Image) -> NDArray[np.float64]:
    """Centres (N, 2) of the dark dots, sorted by x, then y."""
    dark = (image.min(2) < 60).astype(np.uint8)
    centres = cv2.connectedComponentsWithStats(dark)[3][1:]  # the first is the background
    return np.array(sorted(np.round(centres).tolist()))


# -- picture -----------------------------------------------------------------------------------


def test_dots_are_where_the_landmarks_are() -> None:
    first, last = MARGIN - 0.5, SIZE - MARGIN - 0.5  # the box of the landmarks fills the square
    expected = [[x, y] for x in (first, last) for y in (first, last)]
    np.testing.assert_allclose(dots(picture(Detection(RECT, CORNERS))), expected, atol=1)


def test_the_dots_of_a_face_are_a_similarity_of_its_landmarks(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    detection = predictor(astronaut, rect)
    dark = picture(detection).min(2) < 100
    low, high = detection.landmarks.min(0), detection.landmarks.max(0)
    scale = (SIZE - 2 * MARGIN) / (high - low).max()
    places = (detection.landmarks - (low + high) / 2) * scale + (SIZE - 1) / 2
    rows, columns = np.round(places[:, ::-1]).astype(int).T
    assert dark[rows, columns].all()
    near = np.zeros_like(dark)
    for x, y in places:
        near[int(y) - 4 : int(y) + 6, int(x) - 4 : int(x) + 6] = True
    assert not dark[~near].any()


def test_discs_are_as_large_as_sigma() -> None:
    image = picture(Detection(RECT, CORNERS, sigma=np.array([5.0, 0, 0, 0])))
    radius = 5 * (SIZE - 2 * MARGIN) / 50
    around_first = (image[: SIZE // 2, : SIZE // 2] < 250).any(2)
    x = np.flatnonzero(around_first.any(0))
    assert x[-1] - (MARGIN - 0.5) == pytest.approx(radius, abs=1.5)
    around_last = (image[SIZE // 2 :, SIZE // 2 :] < 250).any(2)
    assert around_last.sum() < 60


def test_landmarks_that_are_missing_get_no_dot() -> None:
    landmarks = CORNERS.copy()
    landmarks[1] = np.nan
    present = np.array([True, False, True, True])
    assert len(dots(picture(Detection(RECT, landmarks, present=present)))) == 3
    assert len(dots(picture(Detection(RECT, CORNERS, present=present)))) == 3


@pytest.mark.parametrize("count", [0, 1, 4])
def test_faces_without_a_size_or_without_landmarks_have_a_picture(count: int) -> None:
    detection = Detection(RECT, np.full((count, 2), 30.0))
    assert len(dots(picture(detection))) == min(count, 1)
    unknown = Detection(RECT, np.full((count, 2), np.nan), present=np.zeros(count, bool))
    assert (picture(unknown) == 255).all()


def test_a_converted_face_with_gaps_has_a_picture(astronaut: Image, rect: Any) -> None:
    detection = DANShapePredictor(convention="wflw98")(astronaut, rect)
    assert np.isnan(detection.landmarks).any()
    assert 20 < len(dots(picture(detection))) <= 90


# -- text --------------------------------------------------------------------------------------


def test_the_text_says_what_was_detected(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    detection = predictor(astronaut, rect)
    assert repr(detection) == (
        f"<Detection in {rect}: 68 landmarks (ibug68), confidence {detection.confidence:.2f}>"
    )
    detection.track_id = 3
    assert repr(detection).endswith(", track 3>")
    assert repr(Detection(RECT, CORNERS)) == "<Detection in [(10, 20) (60, 70)]: 4 landmarks>"


# -- transform ---------------------------------------------------------------------------------


def mean_shape(predictor: DANShapePredictor) -> NDArray[np.floating]:
    return predictor._cascade.mean_shape


def test_the_transform_is_the_least_squares_fit_to_the_mean_shape(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    detection, shape = predictor(astronaut, rect), mean_shape(predictor)
    expected = SimilarityTransform.from_estimate(detection.landmarks.astype(np.float64), shape)
    assert isinstance(detection.transform, SimilarityTransform)
    np.testing.assert_allclose(
        detection.transform.params[:2, :2], expected.params[:2, :2], atol=1e-6
    )
    exact = detection.landmarks[None].astype(np.float64)
    (face,) = Refined([exact], None, None, [Similarity(1, 0)]).faces(Target(shape))
    np.testing.assert_allclose(face.transform.transform().params, expected.params, atol=1e-6)
    upright = detection.transform(detection.landmarks)
    np.testing.assert_allclose(upright, expected(detection.landmarks), atol=1e-4)  # float32
    assert np.linalg.norm(upright - shape, axis=1).mean() < 5  # of 112 canonical pixels
    centre = detection.transform.inverse(shape.mean(0))[0]
    np.testing.assert_allclose(centre, detection.landmarks.mean(0), atol=1e-3)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
def test_the_transform_survives_copies_and_pickles(
    again: Any, predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    detection = predictor(astronaut, rect)
    other = again(detection)
    assert detection.transform is not None
    np.testing.assert_array_equal(other.transform.params, detection.transform.params)
    assert again(Detection(RECT, CORNERS)).transform is None


def test_the_transform_is_that_of_the_models_own_landmarks(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    """A conversion to five points changes the landmarks, not the transform."""
    detection = DANShapePredictor(threads=1, convention="dlib5")(astronaut, rect)
    own = predictor(astronaut, rect)
    assert detection.transform is not None
    assert own.transform is not None
    assert detection.num_parts == 5
    np.testing.assert_allclose(detection.transform.params, own.transform.params, atol=1e-6)
