"""Teachers and faces for the tests of pseudo-labels."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict import convention, convert, mirror
from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.metrics import normalised_errors
from danpredict.landmarks.conversion import conversion
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.landmarks.openness import LID_PAIRS, LIP_PAIRS
from danpredict.training.pseudo_labels.coarse import FIVE_COLUMNS, CoarseFace
from danpredict.training.pseudo_labels.lids_and_lips import OPENNESS_POINTS

from .conftest import Image
from .faces import drawn_face

LAYOUT = convention("ibug68")
PAIRS = (*LID_PAIRS, *LIP_PAIRS)
OTHERS = np.setdiff1d(range(68), OPENNESS_POINTS)


def error(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Mean distance over the inter-ocular distance, of landmarks (68, 2)."""
    return float(normalised_errors(found[None], truth[None], inter_ocular(truth[None], LAYOUT))[0])


def write_five(folder: Path, faces: Sequence[LabelledFace], by: str = "hand") -> Path:
    """A table of five points of annotated faces, with the columns of a data set."""
    table = folder / "points5.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "by", "confidence", *FIVE_COLUMNS])
        for face in faces:
            points = convert(face.landmarks, "ibug68", "arcface5")
            place = face.path.relative_to(folder).as_posix()
            writer.writerow([place, by, "0.99", *(f"{v:.2f}" for v in points.ravel())])
    return table


class Fixed:
    """A teacher that always draws the same face, whatever it is shown."""

    convention, size = LAYOUT, 112
    mean_shape = drawn_face() / 2

    def __init__(self, landmarks: NDArray[np.float64], noise: float = 0.0) -> None:
        self.landmarks, self.noise = landmarks, noise

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]:
        found = np.repeat(self.landmarks[None], len(images), 0)
        found[1::2] = mirror(found[1::2], "ibug68", images[0].shape[1])
        return found + np.random.default_rng(0).normal(0, self.noise, found.shape)


def drawn(ear: float = 0.3, shift: float = 0.0) -> CoarseFace:
    """A drawn face on an empty picture; its five points lie ``shift`` pixels to the side."""
    face = LabelledFace(Path("face.png"), drawn_face(ear), image=np.zeros((224, 224), np.uint8))
    points = convert(face.landmarks, "ibug68", "arcface5")
    points[:, 0] += shift
    return CoarseFace(face, points, conversion(LAYOUT, convention("arcface5")).weights)
