"""Label a data set with several teachers and write a table to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from danpredict.datasets.csv_table import write_csv
from danpredict.files.pictures import check_below
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import require_openness
from danpredict.training.pseudo_labels.coarse import CoarseFace, read_coarse
from danpredict.training.pseudo_labels.combine import combine, kept
from danpredict.training.pseudo_labels.estimate import estimates
from danpredict.training.pseudo_labels.teacher import Teacher, load


@dataclass(frozen=True)
class Counts:
    """Number of faces read, of faces in the table, and of those without lids or lips."""

    faces: int
    kept: int
    incomplete: int


def label_faces(
    teachers: Sequence[Teacher],
    faces: Sequence[CoarseFace],
    openness: int | None = None,
) -> list[FloatArray | None]:
    """Pseudo-labels (L, 2) in image pixels: None for dropped faces, NaN for left-out landmarks.

    Parameters
    ----------
    teachers : Teachers
        Of one convention, which must have a mirror table.
    openness : int, optional
        Index of the teacher that decides about lids and lips; see
        `danpredict.training.pseudo_labels.combine.combine`.

    Raises
    ------
    ValueError
        No faces, different conventions, a convention without a mirror table, or ``openness`` with
        a convention whose lids and lips are not known.
    """
    convention = teachers[0].convention
    if any(teacher.convention.name != convention.name for teacher in teachers):
        names = sorted({teacher.convention.name for teacher in teachers})
        raise ValueError(f"expected teachers of the same convention, got {', '.join(names)}")
    if convention.mirror is None:
        raise ValueError(f"expected a convention with a mirror table, got {convention.name}")
    if openness is not None:
        require_openness(convention)
    labels = []
    for number, coarse in enumerate(tqdm(faces, desc="labelling", unit="face", leave=False)):
        image = coarse.face.picture()
        # All teachers get the same noise, which depends on the face's number alone.
        landmarks = [estimates(t, image, coarse, np.random.default_rng(number)) for t in teachers]
        labels.append(combine(landmarks, coarse, teachers[0].mean_shape, convention, openness))
    keep = kept(labels, faces)
    return [label.landmarks if k else None for label, k in zip(labels, keep, strict=True)]


def label_dataset(
    names: Sequence[str], dataset: Path, out: Path, openness: str | None = None
) -> Counts:
    """Label a data set or a five-point table, and write a table of the faces that are kept.

    Parameters
    ----------
    names : names of teachers
        See `danpredict.training.pseudo_labels.teacher.load`.
    dataset : Path
        See `danpredict.training.pseudo_labels.coarse.read_coarse`.
    out : Path
        The table, in the pictures' folder or above it.
    openness : str, optional
        The name of the teacher that decides about lids and lips.

    Raises
    ------
    OSError, ValueError, RuntimeError, ImportError
        See `label_faces`, `danpredict.datasets.csv_table.write_csv` and the readers.
    """
    if openness is not None and openness not in names:
        raise ValueError(f"expected one of {list(names)} for --openness, got {openness!r}")
    teachers = [load(name) for name in names]
    convention = teachers[0].convention
    faces = read_coarse(dataset, convention)
    if not faces:
        raise ValueError(f"expected faces, got an empty table {dataset}")
    for face in faces:  # before the long work
        check_below(out.resolve().parent, face.face.path)
    labels = label_faces(teachers, faces, None if openness is None else names.index(openness))
    write_csv(out, convention.size, [face.face.path for face in faces], labels)
    good = [label for label in labels if label is not None]
    return Counts(len(faces), len(good), sum(bool(np.isnan(label).any()) for label in good))
