"""Similarity transforms and sampling: what lies between the image and the canonical frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.transform import SimilarityTransform

from danpredict.boxes.calibration import box_calibration
from danpredict.geometry.blocks import thin
from danpredict.geometry.complex_similarity import Similarity, as_complex, as_similarity
from danpredict.geometry.face_frames import FaceFrames
from danpredict.geometry.sampling import sample_face, to_gray
from danpredict.geometry.similarity import (
    BoundingBox,
    Target,
    bounding_box,
    initial_transform,
)
from danpredict.geometry.torch_sampling import warp
from danpredict.geometry.torch_similarity import (
    fit_similarity,
    invert_similarity,
    transform_points,
)

from ..conftest import Image
from ..faces import face_shape


def test_similarity_equals_scikit_images(rng: np.random.Generator) -> None:
    target = face_shape(68)
    source = rng.normal(50, 30, (20, 68, 2))
    fitted = fit_similarity(torch.from_numpy(source), torch.from_numpy(target)).numpy()
    for matrix, shape in zip(fitted, source, strict=True):
        expected = SimilarityTransform.from_estimate(shape, target).params[:2]
        np.testing.assert_allclose(matrix, expected, atol=1e-9)


@pytest.mark.parametrize("count", [2, 64])
def test_stages_similarities_equal_scikit_images(rng: np.random.Generator, count: int) -> None:
    """Also of shapes that have none: those keep what they had."""
    target = face_shape(68)
    shapes = rng.normal(900, 30, (count, 68, 2)) + rng.normal(0, 500, (count, 1, 2))
    kept = [Similarity(complex(s), 0) for s in rng.uniform(1, 2, count)]
    shapes[1] = 4000.3  # scikit-image warns, and gives one that is not finite
    fitted = Target(target).fits(as_complex(shapes), kept)
    assert fitted[1] is kept[1]
    for transform, shape in zip(fitted[:1] + fitted[2:], np.delete(shapes, 1, 0), strict=True):
        expected = SimilarityTransform.from_estimate(shape, target).params
        np.testing.assert_allclose(transform.transform().params, expected, atol=1e-9)


def test_complex_similarities_equal_scikit_images(rng: np.random.Generator) -> None:
    points = rng.normal(100, 50, (9, 2))
    one, two = (
        SimilarityTransform(scale=s, rotation=r, translation=(s * 90, -r))  # type: ignore[no-untyped-call]
        for s, r in ((0.3, -2.0), (1.7, 0.4))
    )
    ours, other = as_similarity(one), as_similarity(two)
    np.testing.assert_allclose(ours.transform().params, one.params, rtol=1e-15)
    np.testing.assert_allclose(ours(points), one(points), rtol=1e-12)
    np.testing.assert_allclose(ours.inverse()(points), one.inverse(points), rtol=1e-12)
    np.testing.assert_allclose(ours.after(other)(points), one(two(points)), rtol=1e-12)
    moved = points + np.array([3, -4])
    np.testing.assert_allclose(ours.moved(3, -4)(moved), one(points), rtol=1e-12)


def test_inverse_similarity_round_trip(rng: np.random.Generator) -> None:
    points = torch.from_numpy(rng.normal(0, 40, (8, 5, 2)))
    transform = fit_similarity(points, torch.from_numpy(face_shape(5)))
    there = transform_points(transform, points)
    back = transform_points(invert_similarity(transform), there)
    torch.testing.assert_close(back, points)


def test_geometry_keeps_its_precision_under_autocast(rng: np.random.Generator) -> None:
    target = torch.as_tensor(face_shape(68), dtype=torch.float32)
    points = torch.from_numpy(rng.uniform(0, 255, (4, 68, 2)).astype(np.float32))

    def there_and_back() -> tuple[torch.Tensor, torch.Tensor]:
        transform = fit_similarity(points, target)
        canonical = transform_points(transform, points)
        return canonical, transform_points(invert_similarity(transform), canonical)

    exact = there_and_back()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = there_and_back()
    torch.testing.assert_close(mixed, exact, rtol=0, atol=1e-4)


def test_initial_transform_lays_the_mean_shape_into_the_box() -> None:
    shape = face_shape(68)
    box = BoundingBox(100, 50, 180, 130)
    laid = initial_transform(box, shape).inverse(shape)
    extent = np.array(bounding_box(laid)).reshape(2, 2)
    np.testing.assert_allclose(extent.sum(0), [280, 180], atol=1e-6)  # the centres coincide
    assert np.ptp(extent, axis=0).max() == pytest.approx(80, rel=0.01)


def test_calibrated_rectangle() -> None:
    box = box_calibration("dlib-hog").landmark_box(100, 100, 199, 199)
    assert box == pytest.approx((101.7, 111.2, 198.2, 205.4))
    with pytest.raises(ValueError, match="dlib-hog"):
        box_calibration("nobody")


def test_warp_equals_inference(astronaut: Image) -> None:
    transform = SimilarityTransform(scale=0.8, rotation=0.5, translation=(-60, -190))  # type: ignore[no-untyped-call]
    sampled = sample_face(astronaut, transform.inverse, 112)
    matrix = torch.tensor(transform.params[None, :2], dtype=torch.float32)
    warped = warp(torch.from_numpy(to_gray(astronaut))[None, None].float(), matrix, 112)
    difference = np.abs(sampled - warped[0, 0].numpy())
    assert difference.mean() < 0.5  # gray levels; OpenCV places samples to 1/32 pixel
    assert sampled.std() > 20


def test_large_faces_are_averaged_not_skipped() -> None:
    """A fine checkerboard shrinks to its mean, not to noise."""
    board = (np.indices((800, 800)).sum(0) % 2 * 255).astype(np.uint8)
    transform = SimilarityTransform(scale=112 / 800)  # type: ignore[no-untyped-call]
    face = sample_face(board, transform.inverse, 112)
    assert abs(face.mean() - 127.5) < 1
    assert face.std() < 15


@pytest.mark.parametrize("factor", [1, 3, 4, 8, 16])
def test_sampling_hits_the_pixel_centres(factor: int) -> None:
    """A ramp's gray is its coordinate, so every sample says where it was taken."""
    ramp = np.repeat(np.arange(252, dtype=np.uint8)[None], 252, 0)
    ramp = ramp.repeat(factor, 0).repeat(factor, 1)
    shift = (-20.3, -30.7)
    transform = SimilarityTransform(scale=1 / factor, translation=shift)  # type: ignore[no-untyped-call]
    y, x = np.mgrid[:112, :112]
    taken = transform.inverse(np.stack([x.ravel(), y.ravel()], 1))
    for image, axis in ((ramp, 0), (ramp.T, 1)):
        face = sample_face(image, transform.inverse, 112)
        expected = (taken[:, axis] + 0.5) / factor - 0.5  # in steps of gray
        np.testing.assert_allclose(face.ravel(), expected, atol=0.05)


@pytest.mark.parametrize("factor", [1, 2.4, 3.4, 5, 7, 9, 9.7, 13])
def test_a_blob_stays_where_it_is(factor: float) -> None:
    """Its middle is found in the frame where the transform says, whatever the blocks."""
    side = int(130 * factor)
    middle = np.array([0.52, 0.47]) * side
    y, x = np.mgrid[:side, :side]
    squared = ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (8 * factor) ** 2
    image = (250 * np.exp(-squared / 2)).round().astype(np.uint8)
    transform = SimilarityTransform(scale=1 / factor, rotation=0.1, translation=(-3.3, -8.8))  # type: ignore[no-untyped-call]
    face = sample_face(image, transform.inverse, 112)
    rows, columns = np.mgrid[:112, :112]
    found = np.array([(face * columns).sum(), (face * rows).sum()]) / face.sum()
    np.testing.assert_allclose(found, transform(middle)[0], atol=0.05)


@pytest.mark.parametrize("scale", [1, 1 / 3, 1 / 5, 1 / 20])
def test_a_large_face_is_no_more_to_read(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def thin_counted(image: Image, stride: int) -> Image:
        thinned = thin(image, stride)
        read.append(thinned.size)
        return thinned

    monkeypatch.setattr("danpredict.geometry.region.thin", thin_counted)
    image = np.zeros((2400, 2400, 3), np.uint8)
    turned = SimilarityTransform(scale=scale, rotation=0.8)  # type: ignore[no-untyped-call]
    sample_face(image, turned.inverse, 112)
    assert 112**2 < read[0] / 3 < (5 * 112) ** 2


@pytest.mark.parametrize("scale", [1, 1 / 2, 1 / 7])
@pytest.mark.parametrize("channels", [1, 3])
def test_frames_of_later_stages_equal_single_samples(
    astronaut: Image, scale: float, channels: int
) -> None:
    """Whether the pixels around the first frame suffice, as for the second, or not."""
    image = astronaut.repeat(2, 0).repeat(2, 1)[..., :channels].squeeze()
    frames = FaceFrames([image], 112)
    for rotation, shift in ((0, -20), (0.05, -23), (1, -60), (0, 2000)):
        transform = SimilarityTransform(scale=scale, rotation=rotation, translation=(shift, shift))  # type: ignore[no-untyped-call]
        to_image = as_similarity(transform).inverse()
        frame = frames.sample([to_image])[0, 0]
        np.testing.assert_array_equal(frame, sample_face(image, to_image, 112))


def test_gray_levels_do_not_depend_on_the_channels(astronaut: Image) -> None:
    """A gray picture, and the same as RGB."""
    transform = SimilarityTransform(scale=0.8, rotation=0.5, translation=(-60, -190))  # type: ignore[no-untyped-call]
    gray = astronaut[..., 1]
    one, three = (sample_face(i, transform.inverse, 112) for i in (gray, np.dstack([gray] * 3)))
    np.testing.assert_array_equal(one, three)
