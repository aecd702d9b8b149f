"""ONNX Runtime's execution providers: the same landmarks on the CPU, clear errors for others."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import onnxruntime
import pytest

from danpredict import DANShapePredictor
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.cascade.providers import CPU, as_providers, check_started
from danpredict.model.zoo import default_model
from danpredict.predictor.options import Options

from ..conftest import Image

CUDA = "CUDAExecutionProvider"
AZURE = "AzureExecutionProvider"  # in most builds for CPUs; it gives all operations to the next one
AVAILABLE = onnxruntime.get_available_providers()
needs_azure = pytest.mark.skipif(AZURE not in AVAILABLE, reason=f"this build has no {AZURE}")


def names_in_use(predictor: DANShapePredictor) -> list[str]:
    """The providers that ONNX Runtime reports for the first stage."""
    assert isinstance(predictor._cascade, Cascade)
    return list(predictor._cascade.stages[0].get_providers())


@pytest.mark.parametrize("model", ["lean68", "lean68-int8"])
@pytest.mark.parametrize("providers", [[CPU], (CPU,), [(CPU, {})]])
def test_the_cpu_provider_changes_nothing(
    model: str, providers: Any, astronaut: Image, rect: Any
) -> None:
    plain = DANShapePredictor(model, threads=1)
    named = DANShapePredictor(model, threads=1, providers=providers)
    expected, found = plain(astronaut, rect), named(astronaut, rect)
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)
    assert found.sigma is not None
    assert expected.sigma is not None
    np.testing.assert_array_equal(found.sigma, expected.sigma)
    assert found.confidence == expected.confidence
    assert named._cascade is plain._cascade  # one session in memory


def test_the_default_model_is_int8_only_on_the_cpu() -> None:
    assert DANShapePredictor(providers=[CPU]).info["name"] == default_model()
    assert Options(providers=as_providers([CPU, CUDA])).on_cpu
    assert not Options(providers=as_providers([CUDA, CPU])).on_cpu
    assert not Options("cuda").on_cpu


@needs_azure
def test_the_order_is_kept(astronaut: Image, rect: Any) -> None:
    other = DANShapePredictor(providers=[AZURE, CPU])
    assert names_in_use(other) == [AZURE, CPU]
    assert other.info["name"] == "lean68"
    plain = DANShapePredictor("lean68", threads=1)
    assert other._cascade is not plain._cascade
    expected = plain(astronaut, rect).landmarks
    for found in other.predict(astronaut, [rect] * 20):  # in one batch on the calling thread
        np.testing.assert_allclose(found.landmarks, expected, atol=1e-3)


@needs_azure
def test_copies_keep_the_providers(astronaut: Image, rect: Any) -> None:
    predictor = DANShapePredictor(providers=[AZURE, CPU])
    for same in (pickle.loads(pickle.dumps(predictor)), copy.deepcopy(predictor)):
        assert names_in_use(same) == [AZURE, CPU]
        np.testing.assert_array_equal(
            same(astronaut, rect).landmarks, predictor(astronaut, rect).landmarks
        )


@pytest.mark.skipif(CUDA in AVAILABLE, reason="CUDA's provider is installed")
@pytest.mark.parametrize("providers", [[CUDA, CPU], [CPU, (CUDA, {"device_id": 0})]])
def test_a_missing_provider_names_its_package(providers: Any) -> None:
    with pytest.raises(ValueError, match=r"pip install onnxruntime-gpu") as error:
        DANShapePredictor(providers=providers)
    assert ", ".join(AVAILABLE) in str(error.value)


def test_an_unknown_provider_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"got 'cuda'; known names are .*CUDAExecutionProvider"):
        DANShapePredictor(providers=["cuda"])


@pytest.mark.parametrize(
    "providers", [CPU, 3, [], [CPU, CPU], [3], [(CPU,)], [(CPU, "fast")], [(3, {})], [[CPU, CPU]]]
)
def test_malformed_providers_are_refused(providers: Any) -> None:
    with pytest.raises(ValueError, match="execution provider"):
        DANShapePredictor(providers=providers)
    state = DANShapePredictor().__getstate__()
    object.__setattr__(state["options"], "providers", providers)  # as a hostile pickle does
    with pytest.raises(ValueError, match="execution provider"):
        DANShapePredictor.__new__(DANShapePredictor).__setstate__(state)


def test_providers_and_a_torch_device_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="providers or a torch device, got device 'cuda'"):
        DANShapePredictor(device="cuda", providers=[CPU])
    assert DANShapePredictor(device="cpu", providers=[CPU]).info["name"] == default_model()


def test_a_provider_that_did_not_start_is_an_error() -> None:
    """ONNX Runtime leaves it out and goes on; a session without it stands for that."""
    cascade = DANShapePredictor()._cascade
    assert isinstance(cascade, Cascade)
    check_started(cascade.stages[0], as_providers([CPU]))
    with pytest.raises(RuntimeError, match=f"to use {CUDA}, got {CPU}: .* did not start"):
        check_started(cascade.stages[0], as_providers([CUDA, CPU]))
