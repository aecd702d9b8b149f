"""The cascade in ONNX Runtime: the stages of a model, connected by similarity transforms.

`danpredict.model.network` has the same loop in torch, which is not imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from danpredict.cascade.outputs import Refined, check_offsets, check_uncertainty
from danpredict.cascade.providers import (
    CPU,
    CPU_ONLY,
    Providers,
    check_available,
    check_started,
)
from danpredict.geometry.complex_similarity import (
    ComplexArray,
    Placement,
    apply,
    as_complex,
    as_points,
    as_similarity,
)
from danpredict.geometry.face_frames import FaceFrames
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import Target
from danpredict.model.file import Model

SILENT = 4  # ONNX Runtime's log severity: it raises errors, so it need not print them too
OUTPUTS = {"offsets", "hidden_out"}
UNCERTAINTY_OUTPUTS = {"sigma", "confidence"}

Feed = dict[str, NDArray[np.float32]]


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


class Cascade:
    """All stages of a model, ready to run. It has no state, so threads may share it.

    A run computes in the calling thread. ONNX Runtime's own threads do not survive a fork, and on
    networks this small they cost more than they gain; danpredict distributes faces instead.

    Parameters
    ----------
    model : Model
    providers : pairs of name and options
        ONNX Runtime's execution providers, the preferred one first.

    Attributes
    ----------
    size : int
        Side of the canonical frame, pixels.
    mean_shape : (L, 2) float, canonical pixels
    on_cpu : bool
        Whether the CPU provider is the first one.

    Raises
    ------
    RuntimeError
        A graph is damaged or does not fit the model, or a provider did not start.
    ValueError
        A provider is not installed.
    """

    def __init__(self, model: Model, providers: Providers = CPU_ONLY) -> None:
        check_available(providers)
        self.on_cpu = providers[0][0] == CPU
        place = "" if self.on_cpu else f" for {', '.join(name for name, _ in providers)}"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = SILENT
        options.intra_op_num_threads = 1
        self.size = model.input_size
        self.mean_shape = model.mean_shape
        self.target = Target(model.mean_shape)
        self.turn: AbstractContextManager[Any] = nullcontext()
        self.stages: list[onnxruntime.InferenceSession] = []
        for number, graph in enumerate(model.graphs, 1):
            try:
                stage = onnxruntime.InferenceSession(
                    graph, options, providers=list(providers), enable_fallback=0
                )
                self._check(stage, last=number == len(model.info["graphs"]))
            except Exception as error:  # ONNX Runtime's exceptions share no base class
                raise RuntimeError(f"Error deserializing stage {number}{place}: {error}") from error
            check_started(stage, providers)
            self.stages.append(stage)
        self.outputs = [list(tensor_shapes(stage.get_outputs())) for stage in self.stages]

    def in_turns(self) -> Cascade:
        """The same cascade with a lock: one thread of a call at a time prepares inputs.

        Without this, threads contend for the GIL on every short OpenCV call: 64 faces on 2 cores
        took 1.25 times as long. Every call has its own lock. A forked process therefore never
        inherits a lock that another thread holds.
        """
        cascade = copy(self)
        cascade.turn = Lock()
        return cascade

    @property
    def has_uncertainty(self) -> bool:
        """Whether the last stage returns sigma and confidence."""
        return "sigma" in self.outputs[-1]

    def _check(self, stage: onnxruntime.InferenceSession, *, last: bool) -> None:
        """Raise ValueError if a graph does not fit the model's info or the stage before it."""
        count = len(self.mean_shape)
        expected = {"image": [1, self.size, self.size]}
        if self.stages:
            before = tensor_shapes(self.stages[-1].get_outputs())
            expected |= {"landmarks": [count, 2], "hidden": before["hidden_out"]}
        inputs, outputs = tensor_shapes(stage.get_inputs()), tensor_shapes(stage.get_outputs())
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
        for name, value in zip(names, stage.run(names, zeros), strict=True):
            if value.shape != (2, *outputs[name]) or value.dtype != np.float32:
                raise ValueError(f"expected {name} of shape {outputs[name]}, got {value.shape[1:]}")

    def feeds(self, images: Iterable[Image], transforms: Sequence[Placement]) -> list[list[Feed]]:
        """The inputs of each stage, one entry per face; see `refine`."""
        seen: list[list[Feed]] = [[] for _ in self.stages]
        for image, transform in zip(images, transforms, strict=True):
            self.refine([image], [transform], seen)
        return seen

    def refine(
        self,
        images: Sequence[Image],
        transforms: Sequence[Placement],
        seen: list[list[Feed]] | None = None,
    ) -> Refined:
        """Run all stages, starting from the mean shape placed by each initial transform.

        Parameters
        ----------
        images : N images, (H, W) or (H, W, 3) uint8
            One per face; the same image may occur several times.
        transforms : N Similarity or SimilarityTransform
            Initial transforms, image to canonical frame.
        seen : list per stage, optional
            The inputs of each stage are appended to it.
        """
        placed = [as_similarity(transform) for transform in transforms]
        hidden: NDArray[np.float32] | None = None
        landmarks: list[ComplexArray] = []
        frames = FaceFrames(images, self.size)
        for stage, names in zip(self.stages, self.outputs, strict=True):
            with self.turn:
                if landmarks:
                    placed = self.target.fits(landmarks[-1], placed)
                    canonical = apply(placed, landmarks[-1])
                else:
                    canonical = self.target.points[None]
                to_image = [transform.inverse() for transform in placed]
                inputs = {"image": frames.sample(to_image)}
                if hidden is not None:
                    inputs["landmarks"] = as_points(canonical).astype(np.float32)
                    inputs["hidden"] = hidden
                if seen is not None:
                    seen[len(landmarks)].append(inputs)
            try:
                outputs = dict(zip(names, stage.run(names, inputs), strict=True))
            except Exception as error:  # ONNX Runtime's exceptions share no base class
                raise RuntimeError(
                    f"The model's stage {len(landmarks) + 1} failed: {error}"
                ) from error
            check_offsets(outputs["offsets"], self.size)
            hidden = outputs["hidden_out"]
            landmarks.append(apply(to_image, canonical + as_complex(outputs["offsets"])))
        stages = [as_points(points) for points in landmarks]
        if "sigma" not in outputs:
            return Refined(stages, None, None, placed)
        check_uncertainty(outputs["sigma"], outputs["confidence"], self.size)
        scales = np.array([[abs(transform.linear)] for transform in placed])
        return Refined(stages, outputs["sigma"] / scales, outputs["confidence"], placed)


_shared: WeakValueDictionary[tuple[str, ...], Cascade] = WeakValueDictionary()


def shared_cascade(model: Model, providers: Providers = CPU_ONLY) -> Cascade:
    """The model's cascade, shared by predictors that need the same one.

    These have the same graphs, mean shape, size and providers. See `Cascade` for errors.
    """
    size, shape = str(model.input_size), model.mean_shape.tobytes().hex()
    key = (*model.info["graphs"].values(), size, shape, repr(providers))
    cascade = _shared.get(key)
    if cascade is None:
        cascade = _shared[key] = Cascade(model, providers)
    return cascade
