"""Convert a model to eight-bit arithmetic: convolutions and large dense layers run in int8."""

from __future__ import annotations

import hashlib
import io
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from tqdm import tqdm

from danpredict.cascade.onnx_cascade import Cascade, Feed
from danpredict.datasets.face import LabelledFace
from danpredict.geometry.similarity import bounding_box, initial_transform
from danpredict.model.file import Model, pack
from danpredict.model.onnx_to_torch import parameter_name
from danpredict.model.stage import Stage
from danpredict.training.export import compress
from danpredict.training.log_levels import ROOT, only_errors
from danpredict.training.tiles import complete

FACES = 200  # for the calibration


class _Feeds(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime has no types
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def restore(graph: onnx.ModelProto) -> None:
    """Undo `danpredict.training.export.compress`: store all kernels as float32 again."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    used, kept = set(), []
    for node in graph.graph.node:
        first = node.input[0] if node.input else ""
        if first.endswith(".small"):
            values[node.output[0]] = values[first].astype(np.float32)
        elif first.endswith(".whole"):
            values[node.output[0]] = values[first] * values[node.input[1]]
        else:
            kept.append(node)
            used |= set(node.input)
    del graph.graph.node[:], graph.graph.initializer[:]
    graph.graph.node.extend(kept)
    graph.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, order="C"), name)
        for name, value in values.items()
        if name in used
    )


def stays_float32(kernel: str) -> bool:
    """Whether the layer with this kernel is one of `Stage.FLOAT32_LAYERS`."""
    layer = parameter_name(kernel)
    return any(layer.startswith(f"{name}.") for name in Stage.FLOAT32_LAYERS)


def int8_nodes(graph: onnx.ModelProto) -> list[str]:
    """Names of the nodes that become int8: convolutions, dense layers, additions and ReLUs.

    Additions and ReLUs become int8 if they follow a node that becomes int8. Layers of
    `Stage.FLOAT32_LAYERS` stay in float32.
    """
    makers = {output: node for node in graph.graph.node for output in node.output}
    chosen: list[onnx.NodeProto] = []
    for node in graph.graph.node:
        before = [makers[name] for name in node.input if name in makers]
        kernel = node.input[1] if len(node.input) > 1 else ""
        if (node.op_type in ("Conv", "Gemm") and not stays_float32(kernel)) or (
            node.op_type in ("Add", "Relu") and any(b in chosen for b in before)
        ):
            chosen.append(node)
    return [node.name for node in chosen]


def keep_hidden_float32(graph: onnx.ModelProto) -> None:
    """Keep the hidden layer's activations in float32; its kernel stays int8.

    Their range on faces is too small for background: with it, one model gave most boxes of
    background a confidence above 0.5. A range that fits both is too coarse for faces: the error on
    validation faces rose from 3.64 to 3.69 %.
    """
    nodes = graph.graph.node
    for node in list(nodes):
        kernel = node.input[1] if node.op_type == "Gemm" else ""
        if not parameter_name(kernel).startswith("fc1."):
            continue
        (quantize,) = (other for other in nodes if node.output[0] in other.input)
        (dequantize,) = (other for other in nodes if quantize.output[0] in other.input)
        # The pair also cuts off negative values.
        relu = onnx.helper.make_node(
            "Relu", [node.output[0]], [dequantize.output[0]], "hidden_relu"
        )
        place = list(nodes).index(quantize)
        nodes.remove(quantize)
        nodes.remove(dequantize)
        nodes.insert(place, relu)


def simplified(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The graph after ONNX Runtime's basic optimisations, which hold on every processor.

    They fold constants and remove nodes without an effect. The results stay the same to the bit,
    and a session starts in 0.9 times the time.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "simplified.onnx")
        onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return onnx.load(options.optimized_model_filepath)


def quantise_stage(data: bytes, feeds: Sequence[Feed]) -> bytes:
    """A stage's graph in int8. The range of each layer is measured on some inputs (``feeds``)."""
    graph = onnx.load_from_string(data)
    restore(graph)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        only_errors(ROOT),  # it logs an advice to pre-process the graph
    ):
        warnings.simplefilter("ignore")
        path = Path(folder) / "stage.onnx"
        quantize_static(
            graph,
            path,
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=int8_nodes(graph),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        small = onnx.load(path)
    keep_hidden_float32(small)
    small = simplified(small)
    compress(small)
    buffer = io.BytesIO()
    onnx.save(small, buffer)
    return buffer.getvalue()


def quantise(model: Model, faces: Sequence[LabelledFace], name: str) -> Model:
    """Convert a model to int8. The range of each layer is measured on some training faces.

    Parameters
    ----------
    model : Model
        In float32.
    faces : training faces
        At most `FACES` faces are used: every n-th face, if there are more. The initial transform of
        a face is fitted to the box of its landmarks.
    name : str
        Name of the new model.
    """
    chosen = faces[:: max(1, len(faces) // FACES)][:FACES]
    whole = [complete(face.landmarks, model.mean_shape) for face in chosen]
    transforms = [initial_transform(bounding_box(points), model.mean_shape) for points in whole]
    pictures = tqdm((face.picture() for face in chosen), "calibrating", len(chosen), leave=False)
    feeds = Cascade(model).feeds(pictures, transforms)
    graphs = tuple(
        quantise_stage(graph, feed) for graph, feed in zip(model.graphs, feeds, strict=True)
    )
    info = {k: v for k, v in model.info.items() if k not in ("graphs", "format", "format_version")}
    metrics = info.pop("metrics", {})  # int8 differs in the second decimal
    info["metrics"] = {f"{row}_in_float32": figures for row, figures in metrics.items()}
    info |= {"name": name, "arithmetic": "int8", "float32": hashlib.sha256(model.data).hexdigest()}
    return pack(info, graphs)
