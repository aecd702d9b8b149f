"""The cascade at inference: ONNX Runtime for the stages, a similarity transform between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.geometry import fit_similarities, transform_points
from danpredict.images import Image, sample_face
from danpredict.model_file import Model

SILENT = 4  # ONNX Runtime's log severity: what is wrong is raised, and said once
FARTHEST_FRAMES = 16  # canonical frames that a stage may move a landmark by; real ones stay below 1
DAMAGED = "its weights are damaged or its training failed. Use another model file."
OUTPUTS = {"offsets", "hidden_out"}
TRUST_OUTPUTS = {"sigma", "confidence"}

Feed = dict[str, NDArray[np.float32]]


def shapes(nodes: Sequence[onnxruntime.NodeArg]) -> dict[str, list[int]]:
    """Shapes of a graph's inputs or outputs by name, without the batch.

    Raises
    ------
    ValueError
        Another type than float32, no batch in front, or one of a fixed size.
    """
    for node in nodes:
        if node.type != "tensor(float)" or not node.shape or isinstance(node.shape[0], int):
            raise ValueError(
                f"expected float tensors of any number of faces, got {node.name} of type "
                f"{node.type} and shape {node.shape}"
            )
    return {node.name: node.shape[1:] for node in nodes}


def _check_size(what: str, values: NDArray[np.floating], limit: float) -> None:
    """Raise where values are NaN, infinite or, as their root mean square, above the limit."""
    flat = values.ravel().astype(np.float64)  # in which no float32 overflows when squared
    power = float(flat.dot(flat))  # one call: two extremes would take three times as long
    if not power <= limit * limit * flat.size:  # NaN too
        raise RuntimeError(
            f"The model's {what} are not finite or too large (root mean square "
            f"{math.sqrt(power / flat.size):g} pixels, expected up to {limit:g}): {DAMAGED}"
        )


def check_offsets(offsets: NDArray[np.floating], size: int) -> None:
    """Refuse a stage's (N, L, 2) offsets, canonical pixels, that are NaN, infinite or huge.

    Raises
    ------
    RuntimeError
        The fault is the model's, not the image's.
    """
    _check_size("offsets", offsets, FARTHEST_FRAMES * size)


def check_trust(sigma: NDArray[np.floating], confidence: NDArray[np.floating], size: int) -> None:
    """Likewise for (N, L) expected errors, canonical pixels, and (N,) probabilities."""
    _check_size("expected errors", sigma, FARTHEST_FRAMES * size)
    for value in confidence.tolist():
        if not 0 <= value <= 1:
            raise RuntimeError(f"The model's confidence is {value:g}, expected 0 to 1: {DAMAGED}")


class Face(NamedTuple):
    """One face after all stages; see `Refined`."""

    stages: NDArray[np.floating]
    sigma: NDArray[np.floating] | None
    confidence: float | None


class Refined(NamedTuple):
    """N faces after all stages.

    Attributes
    ----------
    stages : list of (N, L, 2) float64
        Landmarks after each stage, image pixels.
    sigma : (N, L) float64 or None
        Expected error of each landmark, image pixels; None where the model does not say.
    confidence : (N,) float64 or None
        Probability that the face is found well, likewise.
    transforms : (N, 3, 3) float64
        Image to canonical: how the last stage saw the face.
    """

    stages: list[NDArray[np.float64]]
    sigma: NDArray[np.float64] | None
    confidence: NDArray[np.float64] | None
    transforms: NDArray[np.float64]

    def put(self, rows: Sequence[int], other: Refined, others: Sequence[int]) -> None:
        """Take over another's faces in place of these."""
        for mine, theirs in zip(self.stages, other.stages, strict=True):
            mine[rows] = theirs[others]
        self.transforms[rows] = other.transforms[others]
        if self.sigma is not None and other.sigma is not None:
            self.sigma[rows] = other.sigma[others]
        if self.confidence is not None and other.confidence is not None:
            self.confidence[rows] = other.confidence[others]

    def faces(self) -> Iterator[Face]:
        """Face by face."""
        for i, stages in enumerate(np.stack(self.stages, 1)):
            if self.sigma is None or self.confidence is None:
                yield Face(stages, None, None)
            else:
                yield Face(stages, self.sigma[i], float(self.confidence[i]))


class Cascade:
    """All stages of a model, ready to run; stateless, so threads may share it.

    A run computes in the thread that calls it. ONNX Runtime's own threads would not survive a
    fork, and on stages this small they cost more than they bring: faces are shared out instead.
    """

    def __init__(self, model: Model) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = SILENT
        options.intra_op_num_threads = 1
        self.size = model.input_size
        self.mean_shape = model.mean_shape
        self.turn: AbstractContextManager[Any] = nullcontext()
        self.stages: list[onnxruntime.InferenceSession] = []
        for number, graph in enumerate(model.graphs, 1):
            try:
                stage = onnxruntime.InferenceSession(
                    graph, options, providers=["CPUExecutionProvider"], enable_fallback=0
                )
                self._check(stage, last=number == len(model.info["graphs"]))
            except Exception as error:  # ONNX Runtime's exceptions share no base class
                raise RuntimeError(f"Error deserializing stage {number}: {error}") from error
            self.stages.append(stage)
        self.outputs = [list(shapes(stage.get_outputs())) for stage in self.stages]

    def in_turns(self) -> Cascade:
        """The same for the threads of one call: while one prepares input, the others run stages.

        Left alone they pass Python's global lock to and fro at each of OpenCV's short calls; in
        turns 64 faces on 2 cores took four fifths of the time. A lock of one call's own cannot be
        found locked by a fork.
        """
        cascade = copy(self)
        cascade.turn = Lock()
        return cascade

    @property
    def trust(self) -> bool:
        """Whether the last stage tells sigma and confidence."""
        return "sigma" in self.outputs[-1]

    def _check(self, stage: onnxruntime.InferenceSession, *, last: bool) -> None:
        """Raise ValueError where a graph fits neither the model's info nor the stage before."""
        points = len(self.mean_shape)
        expected = {"image": [1, self.size, self.size]}
        if self.stages:
            before = shapes(self.stages[-1].get_outputs())
            expected |= {"landmarks": [points, 2], "hidden": before["hidden_out"]}
        found, outputs = shapes(stage.get_inputs()), shapes(stage.get_outputs())
        known = [OUTPUTS, OUTPUTS | TRUST_OUTPUTS] if last else [OUTPUTS]
        wanted = {"offsets": [points, 2], "sigma": [points], "confidence": []}
        if (
            found != expected
            or set(outputs) not in known
            or any(outputs[name] != shape for name, shape in wanted.items() if name in outputs)
            or not (len(outputs["hidden_out"]) == 1 and isinstance(outputs["hidden_out"][0], int))
        ):
            raise ValueError(
                f"expected inputs {expected}, {points} offsets and a vector hidden_out, "
                f"got {found} and {outputs}"
            )
        # A graph may say one shape and compute another.
        names = list(outputs)
        zeros = {name: np.zeros((2, *shape), np.float32) for name, shape in found.items()}
        for name, value in zip(names, stage.run(names, zeros), strict=True):
            if value.shape != (2, *outputs[name]) or value.dtype != np.float32:
                raise ValueError(f"expected {name} of shape {outputs[name]}, got {value.shape[1:]}")

    def feeds(
        self, images: Iterable[Image], transforms: Sequence[SimilarityTransform]
    ) -> list[list[Feed]]:
        """What goes into each stage, face by face; see `refine`."""
        seen: list[list[Feed]] = [[] for _ in self.stages]
        for image, transform in zip(images, transforms, strict=True):
            self.refine([image], [transform], seen)
        return seen

    def refine(
        self,
        images: Sequence[Image],
        transforms: Sequence[SimilarityTransform],
        seen: list[list[Feed]] | None = None,
    ) -> Refined:
        """Refine the mean shape laid out by each transform.

        Parameters
        ----------
        images : N images, (H, W) or (H, W, 3) uint8
            One per face; the same image may come again.
        transforms : N similarities
            Image to canonical.
        seen : list per stage, optional
            Is given what goes into each.
        """
        matrices = np.stack([transform.params for transform in transforms])
        hidden: NDArray[np.float32] | None = None
        refined: list[NDArray[np.float64]] = []
        for stage, names in zip(self.stages, self.outputs, strict=True):
            with self.turn:
                if refined:  # a shape without a similarity keeps the transform that it had
                    matrices = fit_similarities(refined[-1], self.mean_shape, matrices)
                to_image = np.linalg.inv(matrices)
                canonical = (
                    transform_points(matrices, refined[-1]) if refined else self.mean_shape[None]
                )
                faces = np.empty((len(images), 1, self.size, self.size), np.float32)
                for face, image, matrix in zip(faces, images, to_image, strict=True):
                    face[0] = sample_face(image, matrix, self.size)
                inputs = {"image": faces}
                if hidden is not None:
                    inputs |= {"landmarks": canonical.astype(np.float32), "hidden": hidden}
                if seen is not None:
                    seen[len(refined)].append(inputs)
            try:
                outputs = dict(zip(names, stage.run(names, inputs), strict=True))
            except Exception as error:  # ONNX Runtime's exceptions share no base class
                raise RuntimeError(
                    f"The model's stage {len(refined) + 1} failed: {error}"
                ) from error
            check_offsets(outputs["offsets"], self.size)
            hidden = outputs["hidden_out"]
            moved = canonical + outputs["offsets"]
            refined.append(transform_points(to_image, moved))
        if "sigma" not in outputs:
            return Refined(refined, None, None, matrices)
        check_trust(outputs["sigma"], outputs["confidence"], self.size)
        scale = np.hypot(matrices[:, 0, 0], matrices[:, 1, 0])[:, None]
        return Refined(refined, outputs["sigma"] / scale, outputs["confidence"], matrices)


_shared: WeakValueDictionary[tuple[str, ...], Cascade] = WeakValueDictionary()


def shared_cascade(model: Model) -> Cascade:
    """The model's cascade; predictors with the same graphs, mean shape and size hold the same."""
    size, shape = str(model.input_size), model.mean_shape.tobytes().hex()
    key = (*model.info["graphs"].values(), size, shape)
    cascade = _shared.get(key)
    if cascade is None:
        cascade = _shared[key] = Cascade(model)
    return cascade
