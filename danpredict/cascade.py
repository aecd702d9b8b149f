"""The cascade at inference: ONNX Runtime for the stages, scikit-image between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.geometry import fit_similarity
from danpredict.images import Image, sample_face
from danpredict.model_file import Model

ONLY_ERRORS = 3  # ONNX Runtime's log severity


class Cascade:
    """All stages of a model, ready to run; stateless, so threads may share it."""

    def __init__(self, model: Model, threads: int | None = None) -> None:
        """``threads`` is for one run of one stage; None leaves it to ONNX Runtime."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ONLY_ERRORS
        options.intra_op_num_threads = threads or 0
        self.size = model.input_size
        self.mean_shape = model.mean_shape
        try:
            self.stages = [
                onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
                for graph in model.graphs
            ]
        except Exception as error:  # ONNX Runtime's exceptions share no base class
            raise RuntimeError(f"Error deserializing the model's stages: {error}") from error

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> list[NDArray[np.float32]]:
        """Refine the mean shape laid out by each transform.

        Parameters
        ----------
        images : N images, (H, W) or (H, W, 3) uint8
            One per face; the same image may come again.
        transforms : N similarities
            Image to canonical.

        Returns
        -------
        list of (N, L, 2) float32
            Landmarks after each stage, image pixels.
        """
        transforms = list(transforms)
        canonical = np.repeat(self.mean_shape[None], len(images), 0)
        hidden: NDArray[np.float32] | None = None
        refined = []
        for stage in self.stages:
            faces = [
                sample_face(image, transform.params, self.size)
                for image, transform in zip(images, transforms, strict=True)
            ]
            inputs = {"image": np.stack(faces)[:, None]}
            if hidden is not None:
                inputs |= {"landmarks": canonical.astype(np.float32), "hidden": hidden}
            offsets, hidden = stage.run(["offsets", "hidden_out"], inputs)
            landmarks = np.stack(
                [t.inverse(p) for t, p in zip(transforms, canonical + offsets, strict=True)]
            )
            refined.append(landmarks.astype(np.float32))
            transforms = [
                fit_similarity(points, self.mean_shape, fallback=transform)
                for points, transform in zip(landmarks, transforms, strict=True)
            ]
            canonical = np.stack([t(p) for t, p in zip(transforms, landmarks, strict=True)])
        return refined
