"""Export a trained network to a model file with one ONNX graph per stage."""

from __future__ import annotations

import copy
import io
import warnings
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import onnx
import onnxscript  # noqa: F401  # torch's exporter needs it; without it, fail before the training
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from danpredict.model.file import Model, pack
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.stage import Stage
from danpredict.training.log_levels import only_errors

OPSET = 18  # the first with ScatterElements(reduction="max"), which draws the heatmap


class Exported(nn.Module):
    """A stage that returns what inference reads, in this order; see `export_stage`.

    The attribute's name, ``stage``, is the prefix of the parameter names in the graph. It must
    agree with ``EXPORTED_STAGE`` in `danpredict.model.onnx_to_torch`.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return a plain tuple, since the exporter does not support named tuples."""
        output = self.stage(*inputs)
        outputs = [output.offsets, output.hidden]
        if output.log_sigma is not None:
            outputs += [torch.exp(output.log_sigma), torch.sigmoid(output.logit)]
        return tuple(outputs)


def to_bytes(
    kernel: NDArray[np.float32], axis: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round a dense kernel to eight bits, with one scale per output.

    ``axis`` is the axis of the outputs. The kernel is about ``rounded * scale``.
    """
    scale = np.abs(kernel).max(1 - axis, keepdims=True).clip(1e-12) / 127
    return np.round(kernel / scale).astype(np.int8), scale


def output_axes(graph: onnx.ModelProto) -> dict[str, int]:
    """The axis of the outputs of each dense kernel, by name."""
    axes = {}
    for node in graph.graph.node:
        if node.op_type == "MatMul":
            axes[node.input[1]] = 1
        elif node.op_type == "Gemm":
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            axes[node.input[1]] = 0 if transposed else 1
    return axes


def compress(graph: onnx.ModelProto) -> None:
    """Store kernels in fewer bytes. The arithmetic stays float32.

    Dense kernels of more than 100,000 weights, which are most of the file, are stored in eight bits
    with a scale per output; other kernels as float16. They are restored by ``Cast`` and ``Mul``,
    which ONNX Runtime computes once, when it loads the graph. It would compute
    ``DequantizeLinear`` in every run (2 of 5 ms).
    """
    dense = output_axes(graph)
    restore, scales = [], []
    for tensor in graph.graph.initializer:
        values, name = numpy_helper.to_array(tensor), tensor.name
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        small = f"{name}.small"
        if name in dense and values.size > 100_000:
            rounded, scale = to_bytes(values, dense[name])
            tensor.CopyFrom(numpy_helper.from_array(rounded, small))
            scales.append(numpy_helper.from_array(scale, f"{name}.scale"))
            whole = f"{name}.whole"
            restore.append(helper.make_node("Cast", [small], [whole], to=onnx.TensorProto.FLOAT))
            restore.append(helper.make_node("Mul", [whole, f"{name}.scale"], [name]))
        else:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), small))
            restore.append(helper.make_node("Cast", [small], [name], to=onnx.TensorProto.FLOAT))
    graph.graph.initializer.extend(scales)
    nodes = restore + list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def export_stage(stage: Stage, hidden: int) -> bytes:
    """The ONNX graph of one stage; ``hidden`` is the size of the previous stage's hidden layer.

    Inputs: ``image`` (N, 1, S, S) and, from the second stage on, ``landmarks`` (N, L, 2) and
    ``hidden`` (N, H). Outputs: ``offsets`` (N, L, 2) and ``hidden_out`` (N, H); if the stage
    estimates its uncertainty also ``sigma`` (N, L) in canonical pixels and ``confidence`` (N,). All
    are float32.
    """
    number = 2  # with a batch of 1, the exporter would make the batch size a constant
    inputs = [torch.zeros(number, 1, stage.size, stage.size)]
    names = ["image"]
    if not stage.first:
        inputs += [torch.full((number, stage.landmarks, 2), 50.0), torch.zeros(number, hidden)]
        names += ["landmarks", "hidden"]
    outputs = ["offsets", "hidden_out"] + (["sigma", "confidence"] if stage.uncertainty else [])
    batch = torch.export.Dim("N", min=1, max=4096)
    # The exporter logs that torchvision is missing.
    with only_errors("torch.onnx"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            Exported(stage).eval(),
            tuple(inputs),
            input_names=names,
            output_names=outputs,
            opset_version=OPSET,
            dynamic_shapes=(tuple({0: batch} for _ in inputs),),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    compress(graph)
    for node in graph.graph.node:
        # The exporter's notes contain paths of this machine.
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.metadata_props[:]
    # Intermediate shapes are kept. With them ONNX Runtime fuses the addition in `StemLevel` into
    # the stem's convolution. This saves 3 % of the second stage's time.
    onnx.checker.check_model(graph)
    buffer = io.BytesIO()
    onnx.save(graph, buffer)
    return buffer.getvalue()


def export_model(network: DeepAlignmentNetwork, region: float, card: dict[str, Any]) -> Model:
    """Pack a network with everything that is needed to use it.

    Parameters
    ----------
    network : DeepAlignmentNetwork
    region : float
        Side of the canonical frame, in units of the landmark box.
    card : dict
        More entries of the info: at least name, licence, convention and box.
    """
    network = copy.deepcopy(network).eval()
    config = network.config
    graphs = tuple(export_stage(cast(Stage, stage), config.hidden) for stage in network.stages)
    info = {
        **card,
        "stages": config.stages,
        "landmarks": config.landmarks,
        "input_size": config.input_size,
        "region": region,
        "network": asdict(config),
        "preprocessing": "float32 gray, mean of the channels, 0 to 255; normalised in the graph",
        "mean_shape": network.mean_shape.double().numpy().tolist(),
    }
    return pack(info, graphs)
