"""ONNX graphs with changed nodes, attributes, weights, shapes and types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .harness import Rng
from .mutations import pick

WHOLE = [0, 1, -1, 2, 3, 7, 112, 1000, 2**20, 2**31, 2**40, 2**62, -(2**63)]
FLOATS = [0.0, -1.0, 1e-30, 1e30, 3e38, float("nan"), float("inf"), float("-inf")]
OPERATORS = [
    "Abs", "Add", "Cast", "Clip", "Concat", "ConstantOfShape", "Conv", "Div", "Expand", "Flatten",
    "Gather", "Gemm", "Identity", "Log", "MatMul", "MaxPool", "Mul", "Pad", "Pow", "Range",
    "Reciprocal", "ReduceMean", "Relu", "Reshape", "Resize", "ScatterElements", "Shape", "Slice",
    "Softmax", "Split", "Sqrt", "Squeeze", "Transpose", "Unsqueeze", "Where", "Tile", "Loop", "",
]  # fmt: skip
TYPES = [
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.INT8, TensorProto.BOOL,
    TensorProto.STRING, TensorProto.FLOAT16, TensorProto.UNDEFINED, 99,
]  # fmt: skip


def _attribute(rng: Rng, model: Any) -> None:
    nodes = [node for node in model.graph.node if node.attribute]
    attribute = pick(rng, pick(rng, nodes).attribute)
    way = rng.random()
    if len(attribute.ints) and way < 0.7:
        attribute.ints[int(rng.integers(len(attribute.ints)))] = pick(rng, WHOLE)
    elif way < 0.8:
        attribute.i, attribute.f = pick(rng, WHOLE), pick(rng, FLOATS)
    elif way < 0.9:
        attribute.type = int(rng.integers(0, 15))
    else:
        attribute.name = pick(rng, ["axis", "pads", "", "x"])


def _weights(rng: Rng, model: Any) -> None:
    """Other values of a tensor, of its own type."""
    tensor = pick(rng, model.graph.initializer)
    array = numpy_helper.to_array(tensor).copy()
    odd = FLOATS if array.dtype.kind == "f" else WHOLE
    with np.errstate(all="ignore"):
        value = np.array(pick(rng, odd)).astype(array.dtype)
    if array.size and rng.random() < 0.5:
        array.flat[int(rng.integers(array.size))] = value
    else:
        array[...] = value
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _tensor(rng: Rng, model: Any) -> None:
    """A tensor whose fields no longer fit each other."""
    tensor = pick(rng, model.graph.initializer)
    way = int(rng.integers(5))
    if way == 0:
        tensor.raw_data = tensor.raw_data[: int(rng.integers(len(tensor.raw_data) + 1))]
    elif way == 1 and len(tensor.dims):
        tensor.dims[int(rng.integers(len(tensor.dims)))] = pick(rng, WHOLE)
    elif way == 2:
        tensor.dims.append(pick(rng, WHOLE))
    elif way == 3:
        tensor.data_type = pick(rng, TYPES)
    else:
        tensor.name = pick(rng, ["", "image", pick(rng, model.graph.initializer).name])


def _node(rng: Rng, model: Any) -> None:
    nodes = model.graph.node
    node = pick(rng, nodes)
    way = int(rng.integers(6))
    if way == 0:
        node.op_type = pick(rng, OPERATORS)
    elif way == 1:
        nodes.remove(node)
    elif way == 2 and len(node.input):
        name = pick(rng, [o for other in nodes for o in [*other.input, *other.output]])
        node.input[int(rng.integers(len(node.input)))] = pick(rng, [name, name, "", "image"])
    elif way == 3:
        nodes.append(node)
    elif way == 4 and len(node.output):
        node.output[0] = pick(rng, ["", "offsets", "image", "a" * 10_000, "\x1b[2J"])
    else:
        del node.input[1:]


def _large(rng: Rng, model: Any) -> None:
    """A node that asks for a large tensor, whose values reach an output."""
    side = pick(rng, [2**10, 2**20, 2**33, -1, 0])
    shape = numpy_helper.from_array(np.array([side, side], np.int64), "large_shape")
    model.graph.initializer.append(shape)
    nodes = model.graph.node
    output = pick(rng, model.graph.output).name
    for node in nodes:
        node.output[:] = ["before" if o == output else o for o in node.output]
    made = [
        helper.make_node("ConstantOfShape", ["large_shape"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["largest"], keepdims=0),
        helper.make_node("Add", ["before", "largest"], [output]),
    ]
    nodes.extend(made)


def _outside(rng: Rng, model: Any) -> None:
    """Inputs, outputs and versions."""
    graph = model.graph
    way = int(rng.integers(5))
    value = pick(rng, [*graph.input, *graph.output])
    if way == 0:
        value.type.tensor_type.elem_type = pick(rng, TYPES)
    elif way == 1:
        dims = value.type.tensor_type.shape.dim
        pick(rng, dims).dim_value = pick(rng, WHOLE)
    elif way == 2:
        value.name = pick(rng, ["", "image", "hidden", "x", "\ufffe"])
    elif way == 3:
        model.ir_version = pick(rng, WHOLE)
    else:
        model.opset_import[0].version = pick(rng, WHOLE)


def edited_graph(rng: Rng, data: bytes) -> bytes:
    """A graph with one to three changes."""
    model = onnx.load_from_string(data)
    ways: list[Callable[[Rng, Any], None]] = [
        _attribute, _attribute, _weights, _weights, _tensor, _node, _node, _large, _outside,
    ]  # fmt: skip
    for _ in range(int(rng.integers(1, 4))):
        pick(rng, ways)(rng, model)
    edited: bytes = model.SerializeToString()
    return edited
