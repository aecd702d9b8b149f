"""The cascade's arithmetic with complex numbers: it equals scikit-image's objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data
from skimage.transform import SimilarityTransform

from danpredict.cascade.onnx_cascade import Cascade
from danpredict.geometry.sampling import Image, sample_face
from danpredict.geometry.similarity import BoundingBox, initial_transform
from danpredict.model.file import read_model
from danpredict.model.zoo import find_model

TOLERANCE = 1e-3  # image pixels


def with_scikit_image(
    cascade: Cascade, image: Image, transform: SimilarityTransform
) -> NDArray[np.float64]:
    """The landmarks after each stage (S, L, 2), all geometry by `SimilarityTransform`."""
    points, hidden = cascade.mean_shape, None
    stages: list[Any] = []
    for stage, names in zip(cascade.stages, cascade.outputs, strict=True):
        if stages:
            fitted = SimilarityTransform.from_estimate(stages[-1], cascade.mean_shape)
            assert isinstance(fitted, SimilarityTransform)
            transform = fitted
            points = transform(stages[-1])
        inputs = {"image": sample_face(image, transform.inverse, cascade.size)[None, None]}
        if hidden is not None:
            inputs |= {"landmarks": points.astype(np.float32)[None], "hidden": hidden}
        outputs = dict(zip(names, stage.run(names, inputs), strict=True))
        hidden = outputs["hidden_out"]
        stages.append(transform.inverse(points + outputs["offsets"][0]))
    return np.stack(stages)


@pytest.mark.parametrize("name", ["lean68", "lean68-int8", "slim68-int8"])
def test_landmarks_equal_those_with_scikit_images_transforms(astronaut: Image, name: str) -> None:
    cascade = Cascade(read_model(find_model(name)))
    large = astronaut.repeat(5, 0).repeat(5, 1)
    box = BoundingBox(180, 90, 260, 175)
    boxes = [box, BoundingBox(170, 80, 265, 160), BoundingBox(190, 110, 250, 180)]
    cases = [(astronaut, box) for box in boxes]
    cases += [(astronaut[..., 1], box), (large, BoundingBox(*(5 * side for side in box)))]
    cases.append((data.camera(), BoundingBox(200, 90, 250, 150)))  # type: ignore[no-untyped-call]
    images = [image for image, _ in cases]
    starts = [initial_transform(box, cascade.mean_shape) for _, box in cases]
    found = np.stack(cascade.refine(images, starts).stages, 1)
    for stages, image, start in zip(found, images, starts, strict=True):
        expected = with_scikit_image(cascade, image, start)
        np.testing.assert_allclose(stages, expected, rtol=0, atol=TOLERANCE)
