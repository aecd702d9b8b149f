"""From a trained network to a model file: one ONNX graph per stage."""

from __future__ import annotations

import copy
import io
import logging
import warnings
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import onnx
import onnxscript  # noqa: F401  # torch's exporter needs it: better missed now than after training
import torch
from onnx import helper, numpy_helper

from danpredict.boxes import box_calibration
from danpredict.model_file import Model, pack
from danpredict.network import DeepAlignmentNetwork, Stage
from danpredict.training.config import TrainingConfig

OPSET = 18  # the first with ScatterElements(reduction="max"), which draws the heatmap
BOX_SOURCE = "dlib-hog"


def store_as_half(graph: onnx.ModelProto) -> None:
    """Round kernels to float16, with a cast behind that ONNX Runtime folds when it loads.

    Halves the file; arithmetic stays float32.
    """
    casts = []
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def export_stage(stage: Stage, hidden: int) -> bytes:
    """One stage as ONNX.

    Inputs ``image`` (N, 1, S, S) and, from the second stage on, ``landmarks`` (N, L, 2) and
    ``hidden`` (N, H); outputs ``offsets`` (N, L, 2) and ``hidden_out`` (N, H); all float32.
    """
    number = 2  # any but 1, which the exporter would take for a constant
    inputs = [torch.zeros(number, 1, stage.size, stage.size)]
    names = ["image"]
    if not stage.first:
        inputs += [torch.full((number, stage.landmarks, 2), 50.0), torch.zeros(number, hidden)]
        names += ["landmarks", "hidden"]
    batch = torch.export.Dim("N", min=1, max=4096)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells of torchvision's absence
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(
            stage.eval(),
            tuple(inputs),
            input_names=names,
            output_names=["offsets", "hidden_out"],
            opset_version=OPSET,
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    store_as_half(graph)
    for node in graph.graph.node:
        # Leave out the exporter's notes: they hold paths of the machine that made the file.
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.graph.metadata_props[:]
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph)
    buffer = io.BytesIO()
    onnx.save(graph, buffer)
    return buffer.getvalue()


def export_model(
    network: DeepAlignmentNetwork, config: TrainingConfig, card: dict[str, Any]
) -> Model:
    """Pack a network with everything that is needed to use it.

    ``card`` is added to the info: name and licence at least; training data, metrics.
    """
    network = copy.deepcopy(network).eval()
    graphs = tuple(
        export_stage(cast(Stage, stage), config.network.hidden) for stage in network.stages
    )
    info = {
        **card,
        "convention": config.convention,
        "stages": config.network.stages,
        "landmarks": config.network.landmarks,
        "input_size": config.network.input_size,
        "region": config.region,
        "preprocessing": "float32 gray, mean of the channels, 0 to 255; normalised in the graph",
        "mean_shape": network.mean_shape.double().numpy().tolist(),
        "box": {"source": BOX_SOURCE, **asdict(box_calibration(BOX_SOURCE))},
    }
    return pack(info, graphs)
