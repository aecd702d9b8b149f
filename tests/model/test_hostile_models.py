"""Model files from strangers: graphs that are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from danpredict import DANShapePredictor
from danpredict.model.file import Model, pack, read_model, unpack
from danpredict.model.onnx_check import check_graph
from danpredict.model.zoo import find_model, models

from ..conftest import Image


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(find_model("lean68"))


def repacked(model: Model, stage: int, change: Callable[[onnx.ModelProto], object]) -> bytes:
    """The model file with one stage's graph changed and all hashes right."""
    graphs = list(model.graphs)
    graph = onnx.load_from_string(graphs[stage])
    change(graph)
    graphs[stage] = graph.SerializeToString()
    info = {k: v for k, v in model.info.items() if k not in ("format", "format_version", "graphs")}
    return pack(info, tuple(graphs)).data


def external(graph: onnx.ModelProto) -> None:
    """The first kernel in another file of the working directory."""
    tensor = graph.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")


def external_constant(graph: onnx.ModelProto) -> None:
    """The same inside a node."""
    value = numpy_helper.from_array(np.zeros(3, np.float32), "inside")
    value.ClearField("raw_data")
    value.data_location = TensorProto.EXTERNAL
    value.external_data.add(key="location", value="secret.bin")
    graph.graph.node.insert(0, helper.make_node("Constant", [], ["inside"], value=value))


def external_unflagged(graph: onnx.ModelProto) -> None:
    graph.graph.initializer[0].external_data.add(key="location", value="secret.bin")


def add_node(operator: str, domain: str = "", **attributes: Any) -> Any:
    def change(graph: onnx.ModelProto) -> None:
        node = helper.make_node(operator, ["image"], ["unused"], domain=domain, **attributes)
        graph.graph.node.insert(0, node)

    return change


def add_loop(graph: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    graph.graph.node.insert(0, helper.make_node("Loop", ["", ""], ["unused"], body=body))


def hidden_subgraph(graph: onnx.ModelProto) -> None:
    """An operator that is allowed, with a subgraph in an attribute."""
    body = helper.make_graph([], "body", [], [])
    graph.graph.node.insert(0, helper.make_node("Identity", ["image"], ["unused"], body=body))


def add_function(graph: onnx.ModelProto) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    opsets = [helper.make_opsetid("", 18)]
    graph.functions.append(helper.make_function("own", "f", ["x"], ["y"], [node], opsets))


def sparse(graph: onnx.ModelProto) -> None:
    values = helper.make_tensor("values", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("indices", TensorProto.INT64, [1], [0])
    graph.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2]))


def huge(graph: onnx.ModelProto) -> None:
    graph.graph.initializer.add(name="huge", data_type=TensorProto.FLOAT, dims=[2**20, 2**20])


REFUSED: dict[str, tuple[Callable[[onnx.ModelProto], None], str]] = {
    "external weights": (external, "field 13 of onnx.proto"),
    "external constant": (external_constant, "field 13 of onnx.proto"),
    "external but not flagged": (external_unflagged, "field 13 of onnx.proto"),
    "loop": (add_loop, "field 6 of onnx.proto"),
    "hidden subgraph": (hidden_subgraph, "field 6 of onnx.proto"),
    "if": (add_node("If"), "'If'"),
    "scan": (add_node("Scan"), "'Scan'"),
    "chance": (add_node("RandomUniformLike"), "'RandomUniformLike'"),
    "custom domain": (add_node("Relu", "com.stranger"), r"'com\.stranger\.Relu'"),
    "ONNX Runtime's own domain": (add_node("Gelu", "com.microsoft"), r"'com\.microsoft\.Gelu'"),
    "function": (add_function, "field 25 of onnx.proto"),
    "sparse weights": (sparse, "field 15 of onnx.proto"),
    "huge tensor": (huge, "at most"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_graphs_with_more_than_a_network_are_refused(kind: str, model: Model) -> None:
    change, said = REFUSED[kind]
    data = repacked(model, 1, change)
    with pytest.raises(RuntimeError, match=f"Error deserializing .*stage2.onnx: .*{said}"):
        unpack(data, "a model")


def test_weights_outside_the_file_are_not_read(model: Model, tmp_path: Path) -> None:
    """In a program whose working directory holds the file that the graph names."""
    (tmp_path / "secret.bin").write_bytes(bytes(10**7))
    (tmp_path / "model.dan").write_bytes(repacked(model, 0, external))
    result = subprocess.run(
        [sys.executable, "-m", "danpredict", "info", "model.dan"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "field 13" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", models())
def test_shipped_graphs_pass_and_every_cut_is_refused(name: str) -> None:
    for graph in read_model(find_model(name)).graphs:
        check_graph(graph)
        for length in (1, 100, len(graph) // 3, len(graph) - 1):
            with pytest.raises(ValueError, match=r"protocol buffer|onnx\.proto"):
                check_graph(graph[:length])


def rename_output(name: str, new: str) -> Any:
    def change(graph: onnx.ModelProto) -> None:
        graph.graph.node.append(helper.make_node("Identity", [name], [new]))
        (output,) = (o for o in graph.graph.output if o.name == name)
        output.name = new

    return change


def replace_output(name: str, operator: str, shape: list[Any], **attributes: Any) -> Any:
    """Compute an output from what it was."""

    def change(graph: onnx.ModelProto) -> None:
        for node in graph.graph.node:
            node.output[:] = ["before" if o == name else o for o in node.output]
            node.input[:] = ["before" if i == name else i for i in node.input]
        graph.graph.node.append(helper.make_node(operator, ["before"], [name], **attributes))
        kept = [o for o in graph.graph.output if o.name != name]
        kind = attributes.get("to", TensorProto.FLOAT)
        order = [helper.make_tensor_value_info(name, kind, shape), *kept]
        del graph.graph.output[:], graph.graph.value_info[:]
        graph.graph.output.extend(order)

    return change


def fixed_batch(graph: onnx.ModelProto) -> None:
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2


WRONG = {
    "no hidden": rename_output("hidden_out", "other"),
    "no offsets": rename_output("offsets", "other"),
    "sigma without confidence": rename_output("confidence", "other"),
    "offsets of another type": replace_output(
        "offsets", "Cast", ["N", 68, 2], to=TensorProto.DOUBLE
    ),
    "offsets transposed": replace_output("offsets", "Transpose", ["N", 2, 68], perm=[0, 2, 1]),
    "sigma transposed": replace_output("sigma", "Transpose", [68, "N"], perm=[1, 0]),
    "sigma lies about its shape": replace_output("sigma", "Transpose", ["N", 68], perm=[1, 0]),
    "batch of a fixed size": fixed_batch,
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_shapes_and_types_are_refused_at_load(
    kind: str, model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.dan"
    path.write_bytes(repacked(model, 1, WRONG[kind]))
    with pytest.raises(RuntimeError, match=r"(?s)^Error deserializing stage 2: "):
        DANShapePredictor(path)


def poisoned(name: str, value: float) -> Any:
    """The output is replaced by a constant wherever the face is bright: zeros pass at load."""

    def change(graph: onnx.ModelProto) -> None:
        for node in graph.graph.node:
            node.output[:] = ["before" if o == name else o for o in node.output]
        number = numpy_helper.from_array(np.array(value, np.float32), "poison")
        zero = numpy_helper.from_array(np.array(0, np.float32), "zero")
        graph.graph.initializer.extend([number, zero])
        graph.graph.node.extend(
            [
                helper.make_node("ReduceMax", ["image"], ["bright"], keepdims=0),
                helper.make_node("Equal", ["bright", "zero"], ["dark"]),
                helper.make_node("Where", ["dark", "before", "poison"], [name]),
            ]
        )

    return change


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e9])
@pytest.mark.parametrize(("stage", "name"), [(0, "offsets"), (1, "offsets"), (1, "sigma")])
def test_answers_that_are_no_landmarks_raise_at_first_use(
    stage: int, name: str, value: float, model: Model, tmp_path: Path,
    astronaut: Image, rect: Any,
) -> None:  # fmt: skip
    path = tmp_path / "poisoned.dan"
    path.write_bytes(repacked(model, stage, poisoned(name, value)))
    predictor = DANShapePredictor(path)
    with pytest.raises(RuntimeError, match="weights are damaged or its training failed"):
        predictor(astronaut, rect)


@pytest.mark.parametrize("value", [np.nan, -0.5, 1.5])
def test_confidences_that_are_none_raise(
    value: float, model: Model, tmp_path: Path, astronaut: Image, rect: Any
) -> None:
    path = tmp_path / "poisoned.dan"
    path.write_bytes(repacked(model, 1, poisoned("confidence", value)))
    with pytest.raises(RuntimeError, match="confidence is"):
        DANShapePredictor(path)(astronaut, rect)
