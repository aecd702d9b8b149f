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
from numpy.typing import NDArray

from danpredict.cascade.outputs import Refined, check_offsets, check_uncertainty
from danpredict.cascade.providers import CPU, CPU_ONLY, Providers
from danpredict.cascade.sessions import open_sessions, tensor_shapes
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

Feed = dict[str, NDArray[np.float32]]


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
    RuntimeError, ValueError
        See `danpredict.cascade.sessions.open_sessions`.
    """

    def __init__(self, model: Model, providers: Providers = CPU_ONLY) -> None:
        self.size = model.input_size
        self.mean_shape = model.mean_shape
        self.target = Target(model.mean_shape)
        self.turn: AbstractContextManager[Any] = nullcontext()
        self.on_cpu = providers[0][0] == CPU
        self.stages = open_sessions(model, providers)
        self.outputs = [list(tensor_shapes(stage.get_outputs())) for stage in self.stages]

    def in_turns(self) -> Cascade:
        """The same cascade with a lock: one thread of a call at a time prepares inputs.

        Without this, threads contend for the GIL on every short OpenCV call: 64 faces on 2 cores
        took 1.06 to 1.11 times as long. Every call has its own lock. So a forked process never
        inherits a lock that another thread holds.
        """
        cascade = copy(self)
        cascade.turn = Lock()
        return cascade

    @property
    def has_uncertainty(self) -> bool:
        """Whether the last stage returns sigma and confidence."""
        return "sigma" in self.outputs[-1]

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
