"""The network names its layers: those that stay in float32, and the normalisation behind each."""

from __future__ import annotations

import onnx
import pytest
import torch
from torch import nn

from danpredict.model.backbones import normalisations
from danpredict.model.file import read_model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.network_config import NetworkConfig
from danpredict.model.onnx_to_torch import network_of, parameter_name
from danpredict.model.stage import Stage
from danpredict.model.zoo import find_model
from danpredict.training.config import CONFIGS, load_config
from danpredict.training.export import export_stage
from danpredict.training.quantise import int8_nodes, restore

SHIPPED = sorted(path.stem for path in CONFIGS.glob("*.toml"))


def layers(stage: nn.Module) -> dict[str, nn.Module]:
    """The convolutions and dense layers that inference runs, by name."""
    return {
        name: module
        for name, module in stage.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and name != "heatmaps"
    }


def in_float32(names: set[str]) -> set[str]:
    return {n for n in names if any(f"{n}.".startswith(f"{f}.") for f in Stage.FLOAT32_LAYERS)}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_named_layers_exist_in_every_config(name: str) -> None:
    config = load_config(name).network
    network = DeepAlignmentNetwork(config, torch.zeros(config.landmarks, 2))
    expected = set(Stage.FLOAT32_LAYERS)
    if not config.uncertainty:
        expected.remove("uncertainty")
    if config.backbone == "plain":
        expected.remove("memory")
    assert expected <= set(dict(network.stages[-1].named_modules()))
    for stage in network.stages:
        assert {"levels.0.0", "output"} <= set(dict(stage.named_modules()))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_layer_without_a_bias_has_a_normalisation(name: str) -> None:
    config = load_config(name).network
    for stage in DeepAlignmentNetwork(config, torch.zeros(config.landmarks, 2)).stages:
        norms = normalisations(stage)
        found = layers(stage)
        assert set(norms) == {name for name, layer in found.items() if layer.bias is None}
        for layer, norm in norms.items():
            outputs = found[layer].weight.shape[0]  # type: ignore[index]
            assert norm.num_features == outputs


def int8_layers(graph: onnx.ModelProto) -> set[str]:
    """Names of the convolutions and dense layers that become int8."""
    names = set(int8_nodes(graph))
    kernels = [
        node.input[1]
        for node in graph.graph.node
        if node.name in names and node.op_type in ("Conv", "Gemm")
    ]
    return {parameter_name(kernel).removesuffix(".weight") for kernel in kernels}


@pytest.mark.parametrize("backbone", ["plain", "residual"])
def test_all_other_layers_become_int8(backbone: str) -> None:
    config = NetworkConfig(
        landmarks=5, widths=(16, 16), blocks=(1, 1), hidden=16, backbone=backbone
    )
    for first in (True, False):
        stage = Stage(config, first=first, last=not first)
        graph = onnx.load_from_string(export_stage(stage, config.hidden))
        restore(graph)
        names = set(layers(stage))
        assert in_float32(names)
        assert int8_layers(graph) == names - in_float32(names)


@pytest.mark.parametrize("name", ["lean68", "slim68"])
def test_shipped_models_keep_the_uncertainty_in_float32(name: str) -> None:
    """Their files have the name that version 0.2.0 gave to this layer."""
    model = read_model(find_model(name))
    for stage, data in zip(network_of(model).stages, model.graphs, strict=True):
        graph = onnx.load_from_string(data)
        restore(graph)
        names = set(layers(stage))
        assert int8_layers(graph) == names - in_float32(names)
    assert "uncertainty" in in_float32(names)
