"""What a GPU would run, on the CPU: the same landmarks as ONNX Runtime and scikit-image give."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from skimage.transform import SimilarityTransform

from danpredict import DANShapePredictor
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.cascade.torch_cascade import TorchCascade, check_device
from danpredict.geometry.similarity import BoundingBox, initial_transform
from danpredict.model.file import Model, pack, read_model
from danpredict.model.onnx_to_torch import network_of
from danpredict.model.stage import Stage
from danpredict.model.zoo import find_model

from ..conftest import Image

CPU = torch.device("cpu")
TOLERANCE = 0.02  # pixels of the small image; float32 kernels of two libraries, block averages


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(find_model("lean68"))


def test_both_cascades_agree(astronaut: Image, rect: Any, model: Model) -> None:
    large = np.kron(astronaut, np.ones((4, 4, 1), np.uint8))
    box = model.box.landmark_box(rect.left(), rect.top(), rect.right(), rect.bottom())
    fourfold = BoundingBox(*(4 * side + 1.5 for side in box))
    rolled = SimilarityTransform(scale=0.8, rotation=0.5, translation=(-60, -90))  # type: ignore[no-untyped-call]
    images = [astronaut, large, astronaut[..., 0], astronaut, astronaut[:0]]
    boxes = [box, fourfold, box, BoundingBox(-400, -400, -300, -250), box]
    starts = [initial_transform(b, model.mean_shape) for b in boxes]
    images.append(astronaut)
    starts.append(rolled)
    ours = Cascade(model).refine(images, starts)
    theirs = TorchCascade(model, CPU).refine(images, starts)
    tolerance = TOLERANCE * np.array([1, 4, 1, 1, 1, 1])[:, None, None]
    for a, b in zip(ours.stages, theirs.stages, strict=True):
        assert (np.abs(a - b) < tolerance).all()
    assert ours.sigma is not None
    assert ours.confidence is not None
    assert theirs.sigma is not None
    assert theirs.confidence is not None
    np.testing.assert_allclose(theirs.sigma, ours.sigma, rtol=0.02)
    np.testing.assert_allclose(theirs.confidence, ours.confidence, atol=0.01)


def test_points_that_coincide_keep_the_transform(astronaut: Image, model: Model) -> None:
    """Where the first stage says one point, no similarity exists for the second."""
    cascade = TorchCascade(model, CPU)
    stage = cascade.network.stages[0]
    assert isinstance(stage, Stage)
    first = stage.output
    with torch.no_grad():
        first.weight.zero_()
        first.bias.copy_(-cascade.network.mean_shape.flatten())
    start = initial_transform(BoundingBox(180, 90, 260, 175), model.mean_shape)
    refined = cascade.refine([astronaut], [start])
    assert np.ptp(refined.stages[0], axis=1).max() < 1e-3
    assert np.isfinite(refined.stages[1]).all()


def test_a_predictor_on_a_device(astronaut: Image, rect: Any) -> None:
    """``meta`` computes nothing, so another name of the CPU stands for a GPU."""
    predictor = DANShapePredictor(device="cpu:0")
    det = predictor(astronaut, rect)
    expected = DANShapePredictor("lean68")(astronaut, rect)
    np.testing.assert_allclose(det.landmarks, expected.landmarks, atol=TOLERANCE)
    again = pickle.loads(pickle.dumps(predictor))
    np.testing.assert_array_equal(again(astronaut, rect).landmarks, det.landmarks)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected device .* got 'cuda'"):
        DANShapePredictor(device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same(astronaut: Image, rect: Any) -> None:
    found = DANShapePredictor(device="cuda").predict(astronaut, [rect] * 3)
    expected = DANShapePredictor("lean68")(astronaut, rect)
    for det in found:
        np.testing.assert_allclose(det.landmarks, expected.landmarks, atol=0.1)


def test_nonsense_is_no_device() -> None:
    with pytest.raises(ValueError, match="got 'gpu'"):
        check_device("gpu")


def test_models_without_a_torch_counterpart_are_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="float32, got lean68-int8"):
        network_of(read_model(find_model("lean68-int8")))
    info = {k: v for k, v in model.info.items() if k != "network"}
    with pytest.raises(ValueError, match="without it: torch cannot rebuild"):
        network_of(pack(info, model.graphs))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_answers_that_are_no_landmarks_raise(value: float, astronaut: Image) -> None:
    model = read_model(find_model("slim68"))
    cascade = TorchCascade(model, torch.device("cpu"))
    start = initial_transform(BoundingBox(180, 90, 260, 170), model.mean_shape)
    assert np.isfinite(cascade.refine([astronaut], [start]).stages[-1]).all()
    with torch.no_grad():
        cascade.network.stages[0].output.bias.fill_(value)  # type: ignore[union-attr, operator]
    with pytest.raises(RuntimeError, match="offsets are not finite or too large"):
        cascade.refine([astronaut], [start])
