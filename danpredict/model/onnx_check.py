"""Check the contents of an ONNX graph before ONNX Runtime loads it.

A graph from an untrusted source could read its weights from other files, or have loops and custom
operators. Both are refused here. The graph is parsed as a protocol buffer, with the field numbers
of ``onnx.proto``, so that inference does not need the package onnx (five times the size of this
one).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

LARGEST_TENSOR = 2**26  # values; the largest tensor of the paper's network has 2**24
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers

# Operators of exported networks: arithmetic, without control flow, random numbers or files.
OPERATORS = frozenset([
    "Abs", "Add", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat",
    "Constant", "ConstantOfShape", "Conv", "DequantizeLinear", "Div", "Dropout", "Equal",
    "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "Gemm", "GlobalAveragePool",
    "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "MatMul", "Max", "MaxPool",
    "Min", "Mul", "Neg", "PRelu", "Pad", "Pow", "QuantizeLinear", "Range", "Reciprocal",
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Resize",
    "Round", "ScatterElements", "Shape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt",
    "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Upsample", "Where",
])  # fmt: skip

# The allowed field numbers of each message. Not allowed: training, functions, subgraphs, sparse and
# external tensors, and configurations for several devices.
Allowed = dict[str, int | tuple[int, ...]]
MODEL: Allowed = {"graph": 7, "plain": (1, 2, 3, 4, 5, 6, 8, 14)}
GRAPH: Allowed = {"node": 1, "initializer": 5, "plain": (2, 10, 11, 12, 13, 14, 16)}
NODE: Allowed = {"operator": 4, "attribute": 5, "domain": 7, "plain": (1, 2, 3, 6, 9)}
ATTRIBUTE: Allowed = {"tensor": 5, "plain": (1, 2, 3, 4, 7, 8, 9, 13, 20)}
TENSOR: Allowed = {"dims": 1, "data_location": 14, "plain": (2, 4, 5, 7, 8, 9, 10, 11, 12, 16)}

Value = int | memoryview


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """Read an integer (seven bits per byte). Returns its value and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("expected an integer of at most ten bytes, got a longer one")


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of a message."""
    place, end = 0, len(data)
    while place < end:
        key = data[place]
        if key < 0x80:  # nearly always one byte; calling _varint would double the time
            place += 1
        else:
            key, place = _varint(data, place)
        kind = key & 7
        if kind not in (VARINT, BYTES, FIXED32, FIXED64):
            raise ValueError(f"expected a protocol buffer, got the unknown wire type {kind}")
        if kind in (VARINT, BYTES):
            value = data[place]
            if value < 0x80:
                place += 1
            else:
                value, place = _varint(data, place)
            if kind == VARINT:
                yield key >> 3, value
                continue
        else:
            value = 4 if kind == FIXED32 else 8
        stop = place + value
        if stop > end:
            raise ValueError("expected a complete protocol buffer, got a truncated one")
        yield key >> 3, data[place:stop]
        place = stop


def _known_fields(data: memoryview, allowed: Allowed, what: str) -> Iterator[tuple[str, Value]]:
    """Name and value of each named field. Raises ValueError for a field that is not allowed."""
    names = {number: name for name, number in allowed.items() if isinstance(number, int)}
    plain = allowed["plain"]
    assert isinstance(plain, tuple)
    for number, value in _fields(data):
        if number in names:
            yield names[number], value
        elif number not in plain:
            raise ValueError(
                f"expected {what} without special contents, got field {number} of onnx.proto"
            )


def _message(value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("expected a message, got an integer")
    return value


def _text(value: Value) -> str:
    return bytes(_message(value)).decode("utf-8", "replace")


def _check_tensor(data: memoryview) -> None:
    size = 1
    for name, value in _known_fields(data, TENSOR, "a tensor"):
        if name == "data_location" and value != 0:
            raise ValueError("expected a tensor inside the graph, got one in another file")
        if name == "dims":
            # A field holds one size, or several (packed).
            sizes = [value] if isinstance(value, int) else _packed(value)
            size *= math.prod(sizes)
    if size > LARGEST_TENSOR:
        raise ValueError(f"expected a tensor of at most {LARGEST_TENSOR} values, got {size}")


def _packed(data: memoryview) -> list[int]:
    values, place = [], 0
    while place < len(data):
        value, place = _varint(data, place)
        values.append(value)
    return values


def _check_node(data: memoryview) -> None:
    operator, domain = "", ""
    for name, value in _known_fields(data, NODE, "a node"):
        if name == "operator":
            operator = _text(value)
        elif name == "domain":
            domain = _text(value)
        else:
            for _, tensor in _known_fields(_message(value), ATTRIBUTE, "an attribute"):
                _check_tensor(_message(tensor))
    if domain not in ("", "ai.onnx") or operator not in OPERATORS:
        full = f"{domain}.{operator}" if domain else operator
        raise ValueError(f"expected only operators of exported networks, got {full!r}")


def check_graph(data: bytes) -> None:
    """Refuse a graph that is more than a plain network with all its weights inside.

    Raises
    ------
    ValueError
        Weights in other files, operators that exported networks do not have (loops, conditions,
        random numbers, custom ones), functions, huge tensors, or bytes that are not a protocol
        buffer.
    """
    try:
        for _, graph in _known_fields(memoryview(data), MODEL, "a model"):
            for name, value in _known_fields(_message(graph), GRAPH, "a graph"):
                check = _check_node if name == "node" else _check_tensor
                check(_message(value))
    except IndexError as error:
        raise ValueError("expected a complete protocol buffer, got a truncated one") from error
