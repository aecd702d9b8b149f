"""The torch network, the numpy and scikit-image inference and the exported graphs agree."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from skimage.transform import SimilarityTransform

from danpredict import DANShapePredictor
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.geometry.sampling import to_gray
from danpredict.geometry.similarity import BoundingBox, initial_transform
from danpredict.model.file import Model, unpack
from danpredict.model.heatmap import landmark_heatmap
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.network_config import NetworkConfig
from danpredict.model.zoo import find_model
from danpredict.training.config import load_config
from danpredict.training.export import export_model, to_bytes

from ..conftest import Image
from ..faces import face_shape, write_dataset

# Pixels of the image. Kernels are rounded to float16 in the file, which moves landmarks less.
TOLERANCE = 0.05
CARD = {
    "name": "test",
    "licence": "none",
    "convention": "ibug68",
    "box": {"left": 0, "top": 0, "right": 1, "bottom": 1},
}


def random_network(config: NetworkConfig) -> DeepAlignmentNetwork:
    """Untrained, but with offsets of some pixels and statistics of batch norm that matter."""
    torch.manual_seed(0)
    shape = torch.as_tensor(face_shape(config.landmarks), dtype=torch.float32)
    network = DeepAlignmentNetwork(config, shape)
    for name, module in network.named_modules():
        if name.endswith("input_norm"):
            continue
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            torch.nn.init.normal_(module.running_mean, 0, 0.1)  # type: ignore[arg-type]
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    with torch.no_grad():
        for stage in network.stages:
            stage.output.weight.mul_(20)  # type: ignore[operator, union-attr]
    return network.eval()


@pytest.mark.parametrize(
    "options",
    [
        {"stages": 1},
        {"stages": 3},
        {"stages": 2, "first_blocks": (0, 2), "feature_size": 14},
        {"stages": 2, "first_blocks": (1, 2), "feature_size": 28, "backbone": "plain"},
        {"first_widths": (6, 3)},
        {"first_stem": 4, "first_widths": (6,), "first_blocks": (1,)},
    ],
)
def test_torch_and_onnx_cascade_agree(astronaut: Image, options: dict[str, Any]) -> None:
    network_config = NetworkConfig(landmarks=9, widths=(4, 8), blocks=(1, 1), **options)
    stages = network_config.stages
    network = random_network(network_config)
    model = export_model(network, 1.5, CARD)
    again = unpack(model.data, "test")
    assert again.info == model.info

    transforms = [
        initial_transform(BoundingBox(180, 90, 260, 175), model.mean_shape),
        SimilarityTransform(scale=0.9, rotation=0.4, translation=(-70, -110)),  # type: ignore[no-untyped-call]
    ]
    ours = Cascade(again).refine([astronaut, astronaut], transforms)
    gray = torch.from_numpy(to_gray(astronaut)).float().expand(2, 1, -1, -1)
    matrices = torch.tensor(np.stack([t.params[:2] for t in transforms]), dtype=torch.float32)
    with torch.inference_mode():
        theirs = network(gray, matrices)
    assert len(ours.stages) == len(theirs) == stages
    start = transforms[0].inverse(model.mean_shape)
    assert np.abs(ours.stages[-1][0] - start).max() > 1  # the network does move the points
    for a, b in zip(ours.stages, theirs, strict=True):
        np.testing.assert_allclose(a, b.landmarks.numpy(), atol=TOLERANCE)
    last = theirs[-1]
    assert last.output.log_sigma is not None
    assert last.output.logit is not None
    scale = last.transform[:, 0, :2].norm(dim=1, keepdim=True)
    sigma = (last.output.log_sigma.exp() / scale).numpy()
    assert ours.sigma is not None
    assert ours.confidence is not None
    np.testing.assert_allclose(ours.sigma, sigma, rtol=0.02)
    np.testing.assert_allclose(ours.confidence, last.output.logit.sigmoid().numpy(), atol=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "wide"}, "one of the backbones .*, got 'wide'"),
        ({"input_size": 100}, "an input size that 4 levels can halve .*, got 100"),
        ({"blocks": (0, 2, 2)}, r"blocks for each of 4 levels, got \(0, 2, 2\)"),
        ({"first_blocks": (0, 1)}, r"blocks for each of 4 levels, got \(0, 1\)"),
        ({"first_blocks": (0, 1, 0, 1)}, "at least 1 for stages"),
        (
            {"backbone": "plain", "first_blocks": (0, 1, 1, 1)},
            "at least one block in the first level",
        ),
        ({"first_widths": (8, 8)}, r"expected the widths of 4 levels, got \(8, 8\)"),
        ({"first_stem": 4}, r"expected the widths of 3 levels, got \(16, 32, 64, 128\)"),
        ({"first_stem": 3}, "expected a first_stem of 2, or of 4 .*, got 3 in a residual"),
        (
            {"first_stem": 4, "backbone": "plain", "first_widths": (8, 8, 8)},
            "got 4 in a plain one",
        ),
        ({"feature_size": 30}, "a feature size that divides 56, got 30"),
        ({"feature_size": 0}, "a feature size that divides 56, got 0"),
    ],
)
def test_networks_that_cannot_be_built(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**options)


def test_the_first_stage_may_be_lighter() -> None:
    equal, lighter = (
        DeepAlignmentNetwork(NetworkConfig(first_blocks=blocks), torch.zeros(68, 2))
        for blocks in (None, (0, 1, 1, 1))
    )
    sizes = [[sum(p.numel() for p in s.parameters()) for s in n.stages] for n in (equal, lighter)]
    assert sizes[1][0] < sizes[0][0]
    assert sizes[1][1] == sizes[0][1]


def test_the_feature_image_is_enlarged() -> None:
    """Each of its pixels becomes a square."""
    network = random_network(
        NetworkConfig(landmarks=5, widths=(4, 4), blocks=(1, 1), feature_size=14)
    )
    second: Any = network.stages[1]
    seen: list[torch.Tensor] = []
    second.memory.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 1]))
    hidden = torch.rand(2, network.config.hidden)
    second(torch.zeros(2, 1, 112, 112), torch.full((2, 5, 2), 50.0), hidden)
    small = second.feature_layer(hidden).relu().reshape(2, 14, 14)
    assert small.std() > 0
    torch.testing.assert_close(seen[0], small.repeat_interleave(4, 1).repeat_interleave(4, 2))


def test_a_model_without_uncertainty_returns_none(astronaut: Image) -> None:
    small = NetworkConfig(stages=1, landmarks=5, widths=(4,), blocks=(1,), uncertainty=False)
    cascade = Cascade(export_model(random_network(small), 1.5, CARD))
    start = initial_transform(BoundingBox(180, 90, 260, 175), cascade.mean_shape)
    face = next(cascade.refine([astronaut], [start]).faces(cascade.target))
    assert (face.sigma, face.confidence) == (None, None)


@pytest.mark.parametrize("axis", [0, 1])
def test_dense_kernels_of_eight_bits_are_near(rng: np.random.Generator, axis: int) -> None:
    kernel = (rng.normal(0, 1, (500, 7)) * rng.uniform(0.01, 1, 7)).astype(np.float32)
    rounded, scale = to_bytes(kernel if axis else kernel.T, axis)
    restored, allowed = rounded * scale, np.broadcast_to(scale / 2 + 1e-7, rounded.shape)
    error = np.abs(restored - (kernel if axis else kernel.T))
    assert (error <= allowed).all()  # each output has its own scale
    assert scale.size == 7
    assert rounded.dtype == np.int8


def test_large_dense_kernels_are_stored_in_bytes() -> None:
    """Of four bytes a weight, hardly more than one is left."""
    network = NetworkConfig(stages=1, landmarks=5, widths=(16, 32), blocks=(0, 1), hidden=64)
    model = export_model(random_network(network), 1.5, CARD)
    assert 32 * 28 * 28 * 64 < len(model.data) < 1.1 * 32 * 28 * 28 * 64


def test_int8_moves_landmarks_little(astronaut: Image, rect: Any, tmp_path: Path) -> None:
    from danpredict.cli.main import main

    predictor = DANShapePredictor("lean68", threads=1)
    truth = predictor(astronaut, rect).landmarks
    write_dataset(tmp_path / "set", astronaut, truth, count=8)
    out = tmp_path / "small.dan"
    assert main(["export", "lean68", "--int8", str(tmp_path / "set"), "--out", str(out)]) == 0
    small = DANShapePredictor(out, threads=1)
    assert small.info["arithmetic"] == "int8"
    assert small.info["layout"] == predictor.info["layout"]
    assert out.stat().st_size < 0.9 * find_model("lean68").stat().st_size
    found = small(astronaut, rect)
    apart = np.linalg.norm(found.landmarks - truth, axis=1).mean()
    assert 0 < apart < 0.02 * np.linalg.norm(truth[36] - truth[45])
    assert found.confidence == pytest.approx(predictor(astronaut, rect).confidence, abs=0.05)


def test_heatmap_is_the_formula() -> None:
    landmarks = np.array([[[30.25, 41.5], [33.0, 44.75], [2.0, 110.0]]], np.float32)
    heatmap = landmark_heatmap(torch.from_numpy(landmarks), 112).numpy()[0, 0]
    expected = np.zeros((112, 112))
    for x, y in np.clip(landmarks[0], 8, 103):
        for row in range(int(y) - 8, int(y) + 9):
            for column in range(int(x) - 8, int(x) + 9):
                value = 1 / (1 + math.sqrt((column - x) ** 2 + (row - y) ** 2 + 1e-6))
                expected[row, column] = max(expected[row, column], value)
    np.testing.assert_allclose(heatmap, expected, atol=1e-5)


def test_gradient_passes_between_stages_by_the_feature_image_alone() -> None:
    config = NetworkConfig(landmarks=5, widths=(4, 4, 4, 4), blocks=(1, 1, 1, 1))
    network = random_network(config)
    images = torch.rand(2, 1, 150, 150) * 255
    transform = torch.tensor([[1.0, 0, -20], [0, 1, -20]]).expand(2, 2, 3)
    network(images, transform)[1].landmarks.sum().backward()
    first: Any = network.stages[0]
    assert first.fc1.weight.grad is not None  # through the second stage's feature image
    assert first.fc1.weight.grad.abs().max() > 0
    assert first.output.weight.grad is None  # the landmarks are handed on without a gradient


def test_paper_network_has_the_papers_size() -> None:
    network = DeepAlignmentNetwork(load_config("paper").network, torch.zeros(68, 2))
    sizes = [sum(p.numel() for p in stage.parameters()) / 1e6 for stage in network.stages]
    assert sizes == pytest.approx([11.14, 11.95], abs=0.02)  # millions, as the reference has


@pytest.fixture(scope="module")
def small_model() -> Model:
    """Two stages of two levels, exported."""
    network = random_network(NetworkConfig(landmarks=5, widths=(4, 4), blocks=(0, 1)))
    return export_model(network, 1.5, CARD)


def test_all_shapes_tell_the_batch(small_model: Model) -> None:
    """ONNX Runtime infers some of them without: those after a reshape."""
    graph = onnx.load_from_string(small_model.graphs[1]).graph
    shapes = {v.name: v.type.tensor_type.shape.dim for v in graph.value_info}
    computed = [name for node in graph.node for name in node.output if "Conv" in node.name]
    batches = [shapes[name][0].dim_param for name in computed]
    assert len(batches) == 5  # the stem, what joins it, and a block of three
    assert set(batches) == {"N"}


def test_model_file_holds_no_path_of_this_machine(small_model: Model) -> None:
    for graph in small_model.graphs:
        assert b"danpredict" not in graph
        assert b".py" not in graph


@pytest.mark.parametrize("backbone", ["plain", "residual"])
@pytest.mark.parametrize("size", [112, 64])
def test_other_sizes_and_numbers_of_levels_work(backbone: str, size: int) -> None:
    levels = {"widths": (4, 4, 4), "blocks": (1, 1, 1), "backbone": backbone}
    config = NetworkConfig(landmarks=3, input_size=size, **levels)  # type: ignore[arg-type]
    first, second = random_network(config).stages
    one = first(torch.zeros(1, 1, size, size))
    assert one.offsets.shape == (1, 3, 2)
    two = second(torch.zeros(1, 1, size, size), one.offsets, one.hidden)
    assert two.offsets.shape == (1, 3, 2)
