"""Start training from a model file instead of from chance.

Export folds batch normalisation into the kernels before it. Here it is unfolded again: each
normalisation gets the statistics that its input has over some training faces, and a gain and an
offset that cancel them. In evaluation the network then does just what the model file does.
"""

from __future__ import annotations

import re

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from danpredict.model_file import Model
from danpredict.network import DeepAlignmentNetwork

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
            offsets[node.input[1].removeprefix("stage.")] = values[node.input[2]]
    return {name.removeprefix("stage."): value for name, value in values.items()}, offsets


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


def unfold(norm: Norm, offset: Tensor) -> torch.utils.hooks.RemovableHandle:
    """Have a normalisation take statistics from its next input, and then do nothing but offset."""

    def hook(module: nn.Module, inputs: tuple[Tensor]) -> None:
        (x,) = inputs
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean, variance = x.mean(axes), x.var(axes, correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean + offset)

    return norm.register_forward_pre_hook(hook)


@torch.no_grad()
def warm_start(
    network: DeepAlignmentNetwork, model: Model, images: Tensor, transform: Tensor
) -> None:
    """Take over a model file's weights; layers of another shape keep their own.

    Parameters
    ----------
    network : of the same stages, levels and input size; perhaps of other landmarks
    images, transform : training faces to take statistics from; see `DeepAlignmentNetwork.forward`

    Raises
    ------
    ValueError
        The model has other stages or layers.
    """
    if model.input_size != network.config.input_size or len(model.graphs) != len(network.stages):
        raise ValueError(
            f"expected a model of {len(network.stages)} stages on {network.config.input_size} "
            f"pixels to start from, got {len(model.graphs)} on {model.input_size}"
        )
    network.eval()
    hooks = []
    for stage, graph in zip(network.stages, model.graphs, strict=True):
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
        for name, offset in offsets.items():
            layer = name.removesuffix(".weight")
            if f"{layer}.bias" in parameters or layer not in modules:
                continue  # a layer with its own offset is not followed by a normalisation
            norm = modules[norm_after(layer)]
            assert isinstance(norm, Norm)
            hooks.append(unfold(norm, torch.from_numpy(offset.copy())))
    network(images, transform)
    for hook in hooks:
        hook.remove()
