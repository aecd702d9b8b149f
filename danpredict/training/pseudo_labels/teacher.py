"""The interface of teachers: ``.dan`` models, and networks of another kind (``teacher.pt``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.cascade.onnx_cascade import Cascade
from danpredict.extras import needs_extra
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.convention import convention as named_convention
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model


class Teacher(Protocol):
    """A network that refines landmarks from initial transforms.

    Attributes
    ----------
    convention : Convention
    mean_shape : (L, 2) float, canonical pixels
    size : int
        Side of the canonical frame, pixels.
    """

    @property
    def convention(self) -> Convention: ...  # noqa: D102

    @property
    def mean_shape(self) -> FloatArray: ...  # noqa: D102

    @property
    def size(self) -> int: ...  # noqa: D102

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]:
        """Landmarks (N, L, 2) in image pixels, from N transforms, image to canonical frame."""
        ...


class CascadeTeacher:
    """A Deep Alignment Network as a `Teacher`."""

    def __init__(self, model: Model) -> None:
        self.cascade = Cascade(model)
        self.convention, self.mean_shape, self.size = (
            model.convention,
            model.mean_shape,
            model.input_size,
        )

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]:
        """Landmarks of the last stage."""
        return self.cascade.refine(images, transforms).stages[-1]


def load(name: str) -> Teacher:
    """Load a teacher.

    Parameters
    ----------
    name : str
        A shipped model, a ``.dan`` file, or the ``.pt`` file of an integral teacher for the 68
        landmarks of ``ibug68``. Only a ``.pt`` file needs torch.

    Raises
    ------
    FileNotFoundError, ValueError, RuntimeError
        The file is missing, damaged or not a teacher.
    ImportError
        The packages of the extra ``teachers`` are missing.
    """
    if Path(name).suffix != ".pt":
        return CascadeTeacher(read_model(find_model(name)))
    with needs_extra(name, "teachers"):
        from danpredict.training.teachers.labeller import IntegralLabeller
    return IntegralLabeller(Path(name), named_convention("ibug68"))
