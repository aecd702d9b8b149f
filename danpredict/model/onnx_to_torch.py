"""From a model file's graphs back to the torch network that they were exported from."""

from __future__ import annotations

import re

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.network_config import NetworkConfig

Arrays = dict[str, NDArray[np.float32]]
Norm = nn.BatchNorm1d | nn.BatchNorm2d


def read_graph(data: bytes) -> tuple[Arrays, Arrays]:
    """Kernels of a stage's graph by parameter name, and the offsets behind them.

    Offsets are a layer's own or what is left of a normalisation, by the kernel's name.
    """
    graph = onnx.load_from_string(data).graph
    values: Arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    offsets: Arrays = {}
    for node in graph.node:
        inputs = [values.get(name) for name in node.input]
        if node.op_type == "Cast" and inputs[0] is not None:
            values[node.output[0]] = inputs[0].astype(np.float32)
        elif node.op_type == "Mul" and inputs[0] is not None and inputs[1] is not None:
            values[node.output[0]] = inputs[0] * inputs[1]
        elif node.op_type in ("Conv", "Gemm") and len(node.input) > 2:
            offsets[node.input[1]] = values[node.input[2]]
    return _named(values), _named(offsets)


def _named(values: Arrays) -> Arrays:
    """By the network's own names; models of 0.2.0 have an older name for the uncertainty layer."""
    names = {name: name.removeprefix("stage.") for name in values}
    return {
        f"uncertainty.{name.removeprefix('trust.')}" if name.startswith("trust.") else name: value
        for name, value in ((names[key], value) for key, value in values.items())
    }


def norm_after(name: str) -> str:
    """Name of the normalisation behind a kernel's layer: ``conv1`` has ``bn1``, ``0`` has ``1``."""
    head, _, last = name.rpartition(".")
    if last == "fc1":
        follower = "fc1_norm"
    elif match := re.fullmatch(r"conv(\d)", last):
        follower = f"bn{match[1]}"
    else:
        follower = str(int(last) + 1)
    return f"{head}.{follower}" if head else follower


@torch.no_grad()
def take_over(stage: nn.Module, graph: bytes) -> list[tuple[Norm, Tensor]]:
    """Copy a graph's weights into a stage; layers of another shape keep their own.

    Export folds batch normalisation into the kernels before it. Of such normalisations only an
    offset is left: they are returned, each with its own.

    Raises
    ------
    ValueError
        The graph lacks a layer.
    """
    values, offsets = read_graph(graph)
    parameters, modules = dict(stage.named_parameters()), dict(stage.named_modules())
    buffers = dict(stage.named_buffers())
    for name, value in values.items():
        target = parameters.get(name, buffers.get(name))
        if target is not None and target.shape == value.shape:
            target.copy_(torch.from_numpy(value.copy()))
    missing = [n for n, p in parameters.items() if p.ndim == 4 and n not in values]
    missing = [name for name in missing if name.startswith("levels.")]
    if missing:
        raise ValueError(f"expected a model with the same layers, got one without {missing[0]}")
    left = []
    for name, offset in offsets.items():
        layer = name.removesuffix(".weight")
        if f"{layer}.bias" in parameters or layer not in modules:
            continue  # a layer with its own offset is not followed by a normalisation
        norm = modules[norm_after(layer)]
        assert isinstance(norm, Norm)
        left.append((norm, torch.from_numpy(offset.copy())))
    return left


@torch.no_grad()
def network_of(model: Model) -> DeepAlignmentNetwork:
    """The network in a model file, for inference: it does what the file's graphs do.

    Raises
    ------
    ValueError
        A model in int8, which has no counterpart in torch, or one whose file does not say how its
        network is built.
    """
    if model.info.get("arithmetic") == "int8":
        raise ValueError(f"expected a model in float32, got {model.info['name']} in int8")
    if "network" not in model.info:
        raise ValueError("expected a model file that tells how its network is built, got none such")
    config = NetworkConfig.read(model.info["network"])
    shape = torch.as_tensor(model.mean_shape, dtype=torch.float32)
    network = DeepAlignmentNetwork(config, shape).eval()
    for stage, graph in zip(network.stages, model.graphs, strict=True):
        for norm, offset in take_over(stage, graph):
            assert norm.running_var is not None
            norm.running_var.fill_(1 - norm.eps)
            norm.bias.copy_(offset)
    return network
