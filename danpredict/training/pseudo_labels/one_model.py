"""Pseudo-labels of one model for faces with coarse or incomplete labels, as in version 0.2.0.

`danpredict.training.pseudo_labels.label` makes a first pass and has other random numbers and other
rules for which faces to keep; this module exists so that tables of 0.2.0 can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform
from tqdm import tqdm

from danpredict.cascade.onnx_cascade import Cascade
from danpredict.datasets.csv_table import write_csv
from danpredict.datasets.face import LabelledFace
from danpredict.files.pictures import check_below
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray, fit_similarity
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale
from danpredict.training.pseudo_labels.coarse import NEARNESS
from danpredict.training.pseudo_labels.combine import AGREEMENT
from danpredict.training.pseudo_labels.estimate import repeated_estimates


@dataclass(frozen=True)
class MeanEstimate:
    """A model's landmarks for one face.

    Attributes
    ----------
    landmarks : (L, 2) float, image pixels
        Mean of the estimates.
    spread : float
        Mean distance of the estimates from their mean, divided by the inter-ocular distance.
    difference : (L, 2) float
        Offset of the labels from the landmarks in the canonical frame, divided by the inter-ocular
        distance; NaN for landmarks without a label.
    """

    landmarks: FloatArray
    spread: float
    difference: FloatArray


class _Refiner:
    """A cascade with the landmarks of a convention; see `repeated_estimates`."""

    def __init__(self, cascade: Cascade, convention: Convention) -> None:
        self.cascade, self.convention, self.size = cascade, convention, cascade.size

    def refine(
        self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
    ) -> NDArray[np.float64]:
        return self.cascade.refine(images, transforms).stages[-1]


def mean_estimate(
    cascade: Cascade,
    image: Image,
    labels: FloatArray,
    convention: Convention,
    rng: np.random.Generator,
) -> MeanEstimate:
    """The mean of repeated estimates for one face.

    Parameters
    ----------
    labels : (L, 2) float, image pixels
        Give the position of the face. At least two must not be NaN.
    """
    known = np.isfinite(labels).all(1)
    shape = cascade.mean_shape
    identity = SimilarityTransform()  # type: ignore[no-untyped-call]
    transform = fit_similarity(labels[known], shape[known]) or identity
    landmarks = repeated_estimates(_Refiner(cascade, convention), image, transform, rng)
    mean = landmarks.mean(0)
    spread = np.linalg.norm(landmarks - mean, axis=-1).mean()
    frame = fit_similarity(mean, shape) or transform
    return MeanEstimate(
        mean,
        float(spread / face_scale(mean[None], convention)[0]),
        (frame(labels) - frame(mean)) / face_scale(shape[None], convention)[0],
    )


def consistent(estimates: Sequence[MeanEstimate]) -> list[bool]:
    """Which estimates agree with each other and with the labels.

    The median difference over all faces is subtracted first, since other annotators may place some
    landmarks differently on every face. Landmarks that some face lacks do not count.
    """
    differences = np.stack([estimate.difference for estimate in estimates])
    labelled = differences[:, np.isfinite(differences).all((0, 2))]
    off = np.linalg.norm(labelled - np.median(labelled, axis=0), axis=-1).mean(-1)
    return [
        estimate.spread < AGREEMENT and bool(distance < NEARNESS)
        for estimate, distance in zip(estimates, off, strict=True)
    ]


def label_with_one_model(
    cascade: Cascade, faces: Sequence[LabelledFace], convention: Convention, out: Path
) -> int:
    """Write a CSV table of the faces with consistent estimates; returns their number.

    Paths of pictures are relative to the table's folder.

    Raises
    ------
    ValueError
        The convention has no mirror table, or a picture is not in the table's folder or below.
    OSError
        The table cannot be written.
    """
    if convention.mirror is None:
        raise ValueError(f"expected a convention with a mirror table, got {convention.name}")
    for face in faces:  # before the long work
        check_below(out.resolve().parent, face.path)
    rng = np.random.default_rng(0)
    estimates = [
        mean_estimate(cascade, face.picture(), face.landmarks, convention, rng)
        for face in tqdm(faces, desc="labelling", unit="face", leave=False)
    ]
    keep = consistent(estimates)
    landmarks = [e.landmarks if k else None for e, k in zip(estimates, keep, strict=True)]
    write_csv(out, convention.size, [face.path for face in faces], landmarks)
    return sum(keep)
