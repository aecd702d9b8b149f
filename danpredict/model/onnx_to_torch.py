"""Read the graphs of a model file back into the torch network that they were exported from."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from danpredict.model.backbones import Norm, normalisations
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.network_config import NAMES_IN_0_2_0, NetworkConfig

Arrays = dict[str, NDArray[np.float32]]
EXPORTED_STAGE = "stage."  # prefix of the parameter names in a stage's graph


def parameter_name(tensor: str) -> str:
    """A stage's name for a parameter, from its name in a graph.

    Graphs made by 0.2.0 have an older name for the uncertainty layer.
    """
    layer, dot, rest = tensor.removeprefix(EXPORTED_STAGE).partition(".")
    return f"{NAMES_IN_0_2_0.get(layer, layer)}{dot}{rest}"


def read_graph(data: bytes) -> tuple[Arrays, Arrays]:
    """The tensors of a stage's graph, and the offsets of its layers.

    The keys of both dictionaries are parameter names. The key of an offset is the name of its
    layer's kernel. An offset is either the bias of the layer, or the offset of the batch
    normalisation after the layer: export folds the rest of the normalisation into the kernel.
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
    return (
        {parameter_name(name): value for name, value in values.items()},
        {parameter_name(name): value for name, value in offsets.items()},
    )


@torch.no_grad()
def copy_weights(
    stage: nn.Module, graph: bytes, new: Container[str] = ()
) -> list[tuple[Norm, Tensor]]:
    """Copy the weights of a graph into a stage. Layers with another shape keep their weights.

    Export folds each batch normalisation into the kernel before it. Only the offset remains. The
    function returns these normalisations, each with its offset.

    Parameters
    ----------
    new : names, optional
        Modules of the stage that the graph may lack.

    Raises
    ------
    ValueError
        The graph lacks another convolution of the backbone.
    """
    values, offsets = read_graph(graph)
    parameters, buffers = dict(stage.named_parameters()), dict(stage.named_buffers())
    copied = set()
    for name, value in values.items():
        target = parameters.get(name, buffers.get(name))
        if target is not None and target.shape == value.shape:
            target.copy_(torch.from_numpy(value.copy()))
            copied.add(name)
    for name, parameter in parameters.items():
        missing = parameter.ndim == 4 and name not in values
        if missing and name.startswith("levels.") and name.rsplit(".", 2)[0] not in new:
            raise ValueError(
                f"expected a model with the same layers as the network, got one without {name}. "
                "Use a config with the model's backbone, blocks and widths."
            )
    norms = normalisations(stage)
    left = []
    for name, offset in offsets.items():
        norm = norms.get(name.removesuffix(".weight"))
        if norm is not None and name in copied:
            left.append((norm, torch.from_numpy(offset.copy())))
    return left


@torch.no_grad()
def network_of(model: Model) -> DeepAlignmentNetwork:
    """The network of a model file, for inference. Its results are those of the graphs.

    Raises
    ------
    ValueError
        An int8 model, which torch cannot run, or a file without the network's description.
    """
    if model.info.get("arithmetic") == "int8":
        raise ValueError(f"expected a model in float32, got {model.info['name']} in int8")
    if "network" not in model.info:
        raise ValueError(
            f"expected a model file with the entry 'network' in model.json, got "
            f"{model.info['name']} without it: torch cannot rebuild its network"
        )
    config = NetworkConfig.read(model.info["network"])
    shape = torch.as_tensor(model.mean_shape, dtype=torch.float32)
    network = DeepAlignmentNetwork(config, shape).eval()
    for stage, graph in zip(network.stages, model.graphs, strict=True):
        for norm, offset in copy_weights(stage, graph):
            assert norm.running_var is not None
            norm.running_var.fill_(1 - norm.eps)
            norm.bias.copy_(offset)
    return network
