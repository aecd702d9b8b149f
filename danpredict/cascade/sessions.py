"""Sessions of ONNX Runtime, one per stage, checked against the model that they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime

from danpredict.cascade.providers import CPU, Providers, check_available, check_started
from danpredict.model.file import Model

SILENT = 4  # ONNX Runtime's log severity: it raises errors, so it need not print them too
OUTPUTS = {"offsets", "hidden_out"}
UNCERTAINTY_OUTPUTS = {"sigma", "confidence"}


def tensor_shapes(nodes: Sequence[onnxruntime.NodeArg]) -> dict[str, list[int]]:
    """Shapes of a graph's inputs or outputs by name, without the batch axis.

    Raises
    ------
    ValueError
        A type other than float32, or a first axis of a fixed size.
    """
    for node in nodes:
        if node.type != "tensor(float)" or not node.shape or isinstance(node.shape[0], int):
            raise ValueError(
                f"expected float tensors for any number of faces, got {node.name} of type "
                f"{node.type} and shape {node.shape}"
            )
    return {node.name: node.shape[1:] for node in nodes}


def open_sessions(model: Model, providers: Providers) -> list[onnxruntime.InferenceSession]:
    """A session for each stage. Each computes in the thread that calls it.

    Raises
    ------
    RuntimeError
        A graph is damaged or does not fit the model, or a provider did not start.
    ValueError
        A provider is not installed.
    """
    check_available(providers)
    names = ", ".join(name for name, _ in providers)
    place = "" if providers[0][0] == CPU else f" for {names}"
    options = onnxruntime.SessionOptions()
    options.log_severity_level = SILENT
    options.intra_op_num_threads = 1
    sessions: list[onnxruntime.InferenceSession] = []
    for number, graph in enumerate(model.graphs, 1):
        try:
            session = onnxruntime.InferenceSession(
                graph, options, providers=list(providers), enable_fallback=0
            )
            _check(session, sessions, model, last=number == len(model.graphs))
        except Exception as error:  # ONNX Runtime's exceptions share no base class
            raise RuntimeError(f"Error deserializing stage {number}{place}: {error}") from error
        check_started(session, providers)
        sessions.append(session)
    return sessions


def _check(
    session: onnxruntime.InferenceSession,
    earlier: Sequence[onnxruntime.InferenceSession],
    model: Model,
    *,
    last: bool,
) -> None:
    """Raise ValueError if a graph does not fit the model's info or the stages before it."""
    count, size = len(model.mean_shape), model.input_size
    expected = {"image": [1, size, size]}
    if earlier:
        before = tensor_shapes(earlier[-1].get_outputs())
        expected |= {"landmarks": [count, 2], "hidden": before["hidden_out"]}
    inputs, outputs = tensor_shapes(session.get_inputs()), tensor_shapes(session.get_outputs())
    allowed = [OUTPUTS, OUTPUTS | UNCERTAINTY_OUTPUTS] if last else [OUTPUTS]
    wanted = {"offsets": [count, 2], "sigma": [count], "confidence": []}
    if (
        inputs != expected
        or set(outputs) not in allowed
        or any(outputs[name] != shape for name, shape in wanted.items() if name in outputs)
        or not (len(outputs["hidden_out"]) == 1 and isinstance(outputs["hidden_out"][0], int))
    ):
        raise ValueError(
            f"expected inputs {expected}, {count} offsets and a vector hidden_out, "
            f"got {inputs} and {outputs}"
        )
    # A graph may declare one shape and compute another, so run it once.
    names = list(outputs)
    zeros = {name: np.zeros((2, *shape), np.float32) for name, shape in inputs.items()}
    for name, value in zip(names, session.run(names, zeros), strict=True):
        if value.shape != (2, *outputs[name]) or value.dtype != np.float32:
            raise ValueError(f"expected {name} of shape {outputs[name]}, got {value.shape[1:]}")
