"""Eight-bit arithmetic: a model file whose convolutions and large dense layers run in int8."""

from __future__ import annotations

import hashlib
import io
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
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
from danpredict.training.export import compress, only_errors
from danpredict.training.tiles import complete

FACES = 200
LEAVE = ("output", "uncertainty")  # layers whose results are landmarks and probabilities
FLOAT = ("levels.0.0.", "memory.")  # the stem, and what joins it


class _Feeds(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime has no types
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def restore(graph: onnx.ModelProto) -> None:
    """Undo `danpredict.training.export.compress`: kernels become float32 tensors again."""
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


def _chosen(graph: onnx.ModelProto) -> list[str]:
    """Names of the nodes that become int8: the convolutions' trunk and the large dense layers.

    Not the stem: with one or two channels in, ONNX Runtime takes 0.09 ms for it in int8 and 0.03
    in float32.
    """
    makers = {output: node for node in graph.graph.node for output in node.output}
    chosen: list[onnx.NodeProto] = []
    for node in graph.graph.node:
        before = [makers[name] for name in node.input if name in makers]
        kernel = node.input[1] if len(node.input) > 1 else ""
        if (
            (node.op_type == "Conv" and not any(part in kernel for part in FLOAT))
            or (node.op_type == "Gemm" and not any(part in kernel.split(".") for part in LEAVE))
            or (node.op_type == "Add" and any(b in chosen for b in before))
            or (node.op_type == "Relu" and any(b in chosen for b in before))
        ):
            chosen.append(node)
    return [node.name for node in chosen]


def quantise_stage(data: bytes, feeds: Sequence[Feed]) -> bytes:
    """One stage's graph with convolutions and dense layers in int8, by what goes through it."""
    graph = onnx.load_from_string(data)
    restore(graph)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(),
        only_errors(""),  # it advises to pre-process, which is done
    ):
        warnings.simplefilter("ignore")
        path = Path(folder) / "stage.onnx"
        quantize_static(
            graph,
            path,
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=_chosen(graph),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        small = onnx.load(path)
    compress(small)
    buffer = io.BytesIO()
    onnx.save(small, buffer)
    return buffer.getvalue()


def quantise(model: Model, faces: Sequence[LabelledFace], name: str) -> Model:
    """The same model in int8, with the range of every layer taken from some training faces.

    Parameters
    ----------
    faces : training faces
        `FACES` of them are used, evenly spread; they start from their landmarks' box.
    name : str
        Of the new model.
    """
    chosen = faces[:: max(1, len(faces) // FACES)][:FACES]
    whole = [complete(face.landmarks, model.mean_shape) for face in chosen]
    starts = [initial_transform(bounding_box(points), model.mean_shape) for points in whole]
    pictures = tqdm((face.picture() for face in chosen), "calibrating", len(chosen), leave=False)
    feeds = Cascade(model).feeds(pictures, starts)
    graphs = tuple(
        quantise_stage(graph, feed) for graph, feed in zip(model.graphs, feeds, strict=True)
    )
    info = {k: v for k, v in model.info.items() if k not in ("graphs", "format", "format_version")}
    metrics = info.pop("metrics", {})  # those of int8 differ, if in the second decimal
    info["metrics"] = {f"{row}_in_float32": figures for row, figures in metrics.items()}
    info |= {"name": name, "arithmetic": "int8", "float32": hashlib.sha256(model.data).hexdigest()}
    return pack(info, graphs)
