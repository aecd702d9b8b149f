"""Eyes and mouths that a warp shuts and opens: labels and pixels move together, exactly."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict import DANShapePredictor, convention
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import eye_aspect_ratio, mouth_aspect_ratio
from danpredict.training.config import AugmentConfig
from danpredict.training.openness_warps import close_eye, open_mouth, vary_eyes, vary_mouth
from danpredict.training.sampler import Sampler, openness_weights
from danpredict.training.tiles import TILE, FaceTiles

from ..conftest import Image
from ..faces import drawn_face, face_shape

LIDS, LOWER_LIPS = (37, 38, 43, 44), (55, 56, 57, 58, 59, 65, 66, 67)
Points = NDArray[np.float64]


@pytest.fixture(scope="module")
def face(
    astronaut: Image, rect: object, predictor: DANShapePredictor
) -> tuple[NDArray[np.uint8], Points]:
    """A gray tile of the astronaut with landmarks."""
    points = predictor(astronaut, rect).landmarks
    corner = np.round(points.mean(0)).astype(int) - TILE // 2
    corner = np.clip(corner, 0, 512 - TILE)
    gray = astronaut.mean(-1).astype(np.uint8)
    x, y = corner
    return gray[y : y + TILE, x : x + TILE], np.asarray(points - corner)


def test_by_nothing_is_the_identity(face: tuple[NDArray[np.uint8], Points]) -> None:
    tile, points = face
    for side in (0, 1):
        same, moved = close_eye(tile, points, side, 0.0)
        assert np.abs(same.astype(int) - tile).max() <= 1  # of rounding
        np.testing.assert_allclose(moved, points, atol=1e-9)
    gap = (points[66, 1] - points[62, 1]) / np.hypot(*(points[64] - points[60]))
    same, moved = open_mouth(tile, points, gap)
    assert np.abs(moved - points).max() < 0.3


@pytest.mark.parametrize("closing", [-0.25, 0.3, 0.95])
def test_eyes_shut_by_what_was_asked(closing: float) -> None:
    points, tile = drawn_face(ear=0.3), np.zeros((TILE, TILE), np.uint8)
    half = close_eye(tile, points, 0, closing)
    _, moved = close_eye(*half, 1, closing)
    assert eye_aspect_ratio(moved) == pytest.approx(0.3 * (1 - closing), abs=1e-9)
    still = np.ones(68, bool)
    still[list(LIDS)] = False
    np.testing.assert_array_equal(moved[still], points[still])


@pytest.mark.parametrize("before", [0.0, 0.4])
@pytest.mark.parametrize("after", [0.0, 0.2, 0.7])
def test_mouths_open_by_what_was_asked(before: float, after: float) -> None:
    points, tile = drawn_face(mar=before), np.zeros((TILE, TILE), np.uint8)
    _, moved = open_mouth(tile, points, after)
    assert mouth_aspect_ratio(moved) == pytest.approx(after, abs=1e-9)
    changed = np.abs(moved - points).max(1) > 1e-9
    assert not changed[17:55].any()
    assert not changed[[60, 61, 62, 63, 64]].any()
    if before != after:
        assert changed[list(LOWER_LIPS)].all()
        chin = moved[8, 1] - points[8, 1]
        assert chin == pytest.approx(0.6 * (moved[66, 1] - points[66, 1]))
    np.testing.assert_allclose(moved[:, 0], points[:, 0])


def test_pixels_move_with_the_landmarks() -> None:
    """On a ramp of gray, the gray below a moved landmark says where the pixel came from."""
    ramp = np.arange(TILE, dtype=np.uint8)[:, None].repeat(TILE, 1)

    def origin(tile: cv2.typing.MatLike, points: FloatArray) -> Points:
        spot = points.astype(np.float32)[:, None]
        found = cv2.remap(tile, spot[..., 0], spot[..., 1], cv2.INTER_LINEAR)
        return np.asarray(found[:, 0], np.float64)

    points = drawn_face(ear=0.5, mar=0.2)
    for closing in (-0.25, 0.3, 0.5):
        warped, moved = close_eye(ramp, points, 0, closing)
        np.testing.assert_allclose(origin(warped, moved), points[:, 1], atol=1.01)
        assert np.abs(moved - points).max() > 1
    for gap in (0.05, 0.35):
        warped, moved = open_mouth(ramp, points, gap)
        np.testing.assert_allclose(origin(warped, moved), points[:, 1], atol=1.01)
        assert np.abs(moved - points).max() > 3


def test_a_face_seen_from_the_side_and_a_tiny_one_stay_as_they_are(
    face: tuple[NDArray[np.uint8], Points],
) -> None:
    tile, points = face
    folded = points.copy()
    folded[[37, 38]] = folded[[38, 37]]  # the lid's points do not advance from corner to corner
    folded[[65, 67]] = folded[[67, 65]]
    for given in (folded, points * 0.05):
        for changed, moved in (close_eye(tile, given, 0, 0.5), open_mouth(tile, given, 0.5)):
            assert changed is tile
            assert moved is given


def test_every_landmark_stays_in_place_or_moves_little(
    face: tuple[NDArray[np.uint8], Points], rng: np.random.Generator
) -> None:
    tile, points = face
    ratios = []
    for _ in range(60):
        changed, moved = vary_mouth(rng, *vary_eyes(rng, tile, points))
        assert changed.shape == tile.shape
        assert changed.dtype == np.uint8
        assert np.isfinite(moved).all()
        assert np.abs(moved - points).max() < 40
        ratios.append((eye_aspect_ratio(moved), mouth_aspect_ratio(moved)))
    low, high = np.min(ratios, 0), np.max(ratios, 0)
    assert low[0] < 0.12
    assert high[0] > eye_aspect_ratio(points)
    assert high[1] > 0.6


def one_face(known: bool = True) -> FaceTiles:
    points = np.stack([drawn_face(), drawn_face(ear=0.1), drawn_face(mar=0.5)])
    labelled = np.ones((3, 68), bool)
    labelled[:, 36:] = known
    images = np.zeros((3, TILE, TILE), np.uint8)
    return FaceTiles(images, points.astype(np.float32), labelled, np.zeros((3, 2, 3), np.float32))


def test_faces_are_drawn_by_openness() -> None:
    augment = AugmentConfig(shut_eyes=2.5, wide_mouths=2.0)
    weights = openness_weights(one_face().landmarks, augment)
    assert weights.tolist() == [1, 2.5, 2]
    # By the mean shape, here a ring, all three faces are as rare.
    draw = Sampler(one_face(), np.ones(3), face_shape(68), convention("ibug68"), augment, 0)
    np.testing.assert_allclose(np.diff(draw.cumulative), [2.5 / 5.5, 2 / 5.5])


def test_only_labelled_eyes_and_mouths_are_warped() -> None:
    augment = AugmentConfig(eyes=1.0, mouth=1.0)
    layout = convention("ibug68")
    for known in (True, False):
        draw = Sampler(one_face(known), np.ones(3), face_shape(68), layout, augment, 0)
        _, _, target = draw.batch(0, range(20))
        true = {0.1, 0.3}
        ratios = eye_aspect_ratio(target.landmarks.numpy())
        as_before = [any(abs(r - t) < 1e-4 for t in true) for r in ratios]
        assert all(as_before) != known
    with pytest.raises(ValueError, match="ibug68"):
        Sampler(one_face(), np.ones(3), face_shape(68), convention("ibug66"), augment, 0)
