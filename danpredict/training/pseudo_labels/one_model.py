"""Pseudo-labels: a model's own landmarks for faces whose labels are coarse or incomplete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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

# How far starts are disturbed, in a canonical frame of 112 pixels: less than detectors do.
STARTS = 3
SCALE, ROLL, SHIFT = 0.05, 0.08, 2.5  # logarithm, radians, pixels
AGREEMENT = 0.018  # of the inter-ocular distance, mean spread of the answers: the steadier 95 %
NEARNESS = 0.06  # likewise, to the labels that are there, apart from what sets them off everywhere


@dataclass(frozen=True)
class Answer:
    """A model's landmarks for one face.

    Attributes
    ----------
    landmarks : (L, 2) float, image pixels
        Mean over starts and mirrored pictures.
    spread : float
        Mean distance from that mean, as a fraction of the inter-ocular distance.
    difference : (L, 2) float
        The labels' offset from it in the canonical frame, as such a fraction; NaN without label.
    """

    landmarks: FloatArray
    spread: float
    difference: FloatArray


def disturbed_starts(
    there: SimilarityTransform,
    size: int,
    width: int,
    rng: np.random.Generator,
    shift: float = SHIFT,
) -> list[SimilarityTransform]:
    """Initial transforms for a picture and its mirror image in turn, `STARTS` times.

    Parameters
    ----------
    there : similarity
        Image to canonical: where the face is.
    size : int
        Side of the canonical frame.
    width : int
        Of the image, pixels.
    shift : float
        Standard deviation of the shift, canonical pixels.
    """
    middle = (size - 1) / 2
    flip_image = np.array([[-1.0, 0, width - 1], [0, 1, 0], [0, 0, 1]])
    flip_frame = np.array([[-1.0, 0, size - 1], [0, 1, 0], [0, 0, 1]])
    to_middle, back = np.eye(3), np.eye(3)
    to_middle[:2, 2] = -middle
    starts = []
    for _ in range(STARTS):
        scale, roll = np.exp(rng.normal(0, SCALE)), rng.normal(0, ROLL)
        turn = SimilarityTransform(scale=scale, rotation=roll)  # type: ignore[no-untyped-call]
        back[:2, 2] = middle + rng.normal(0, shift, 2)
        start = back @ turn.params @ to_middle @ there.params
        starts += [start, flip_frame @ start @ flip_image]
    return [SimilarityTransform(matrix=m) for m in starts]  # type: ignore[no-untyped-call]


def answer(
    cascade: Cascade,
    image: Image,
    labels: FloatArray,
    convention: Convention,
    rng: np.random.Generator,
) -> Answer:
    """Ask a model several times, from disturbed starts, the picture as it is and mirrored.

    Parameters
    ----------
    labels : (L, 2) float, image pixels
        Say where the face is; at least two must not be NaN.
    """
    known = np.isfinite(labels).all(1)
    shape = cascade.mean_shape
    upright = SimilarityTransform()  # type: ignore[no-untyped-call]
    there = fit_similarity(labels[known], shape[known]) or upright
    mirrored = np.ascontiguousarray(image[:, ::-1])
    transforms = disturbed_starts(there, cascade.size, image.shape[1], rng)
    answers = cascade.refine([image, mirrored] * STARTS, transforms).stages[-1]
    answers[1::2] = answers[1::2][:, list(convention.mirror or ())]
    answers[1::2, :, 0] = image.shape[1] - 1 - answers[1::2, :, 0]
    mean = answers.mean(0)
    spread = np.linalg.norm(answers - mean, axis=-1).mean()
    frame = fit_similarity(mean, shape) or there
    return Answer(
        mean,
        float(spread / face_scale(mean[None], convention)[0]),
        (frame(labels) - frame(mean)) / face_scale(shape[None], convention)[0],
    )


def trusted(answers: Sequence[Answer]) -> list[bool]:
    """Which answers agree among themselves and with the labels.

    Other annotators draw some landmarks elsewhere, always in the same way; the median difference
    over all faces is taken off first.
    """
    differences = np.stack([a.difference for a in answers])
    labelled = differences[:, np.isfinite(differences).all((0, 2))]
    off = np.linalg.norm(labelled - np.median(labelled, axis=0), axis=-1).mean(-1)
    return [a.spread < AGREEMENT and bool(o < NEARNESS) for a, o in zip(answers, off, strict=True)]


def relabel(
    cascade: Cascade, faces: Sequence[LabelledFace], convention: Convention, out: Path
) -> int:
    """Write a CSV table of the faces whose new landmarks are to be trusted; returns their number.

    Landmarks that some face lacks do not count in the comparison. Pictures are named relative to
    the table's folder.

    Raises
    ------
    ValueError
        A convention without a mirror table, or a picture that does not lie in the table's folder
        or below: the table could not be read again.
    OSError
        The table cannot be written.
    """
    if convention.mirror is None:
        raise ValueError(f"expected a convention with a mirror table, got {convention.name}")
    for face in faces:  # a wrong folder is better said before the work
        check_below(out.resolve().parent, face.path)
    rng = np.random.default_rng(0)
    answers = [
        answer(cascade, face.picture(), face.landmarks, convention, rng)
        for face in tqdm(faces, desc="relabelling", unit="face", leave=False)
    ]
    kept = trusted(answers)
    landmarks = [a.landmarks if keep else None for a, keep in zip(answers, kept, strict=True)]
    write_csv(out, convention.size, [face.path for face in faces], landmarks)
    return sum(kept)
