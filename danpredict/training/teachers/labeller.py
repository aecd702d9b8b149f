"""An integral teacher as `danpredict.training.pseudo_labels.teacher.Teacher`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.geometry.sampling import Image, sample_face
from danpredict.geometry.similarity import transform_points
from danpredict.landmarks.convention import Convention
from danpredict.training.teachers.train import load_teacher


class IntegralLabeller:
    """An `IntegralTeacher` for images of any size.

    The canonical frame is sampled as for prediction, so that large faces are reduced without
    aliasing.
    """

    def __init__(self, path: Path, convention: Convention) -> None:
        """Load a ``teacher.pt``. Raises ValueError if the convention has another size."""
        self.network = load_teacher(path)
        self.convention, self.size = convention, self.network.size
        self.mean_shape = self.network.mean_shape.double().numpy()
        if len(self.mean_shape) != convention.size:
            raise ValueError(
                f"expected a teacher of {convention.size} landmarks, got {len(self.mean_shape)} "
                f"in {path}"
            )

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]:
        """Landmarks (N, L, 2) in image pixels, from N transforms, image to canonical frame."""
        to_image = [transform.inverse for transform in transforms]
        faces = [sample_face(*pair, self.size) for pair in zip(images, to_image, strict=True)]
        frames = torch.from_numpy(np.stack(faces))[:, None]
        whole = torch.eye(3)[None, :2].expand(len(frames), -1, -1)
        with torch.inference_mode():
            landmarks = self.network(frames, whole)[-1].landmarks
        return transform_points(to_image, landmarks.double().numpy())
