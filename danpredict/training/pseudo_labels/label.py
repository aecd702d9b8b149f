"""Label a data set by several teachers and write the table that training reads."""

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
    """How many faces there were, how many are in the table, how many lack lids or lips."""

    faces: int
    kept: int
    incomplete: int


def label_faces(
    teachers: Sequence[Teacher],
    faces: Sequence[CoarseFace],
    openness: int | None = None,
) -> list[FloatArray | None]:
    """Pseudo-labels (L, 2) in image pixels; None for faces to drop, NaN for points to leave out.

    Parameters
    ----------
    teachers : Teachers
        Of the same convention, which has a mirror table.
    openness : int, optional
        Index of the teacher whose lids and lips are taken; see
        `danpredict.training.pseudo_labels.combine.combine`.

    Raises
    ------
    ValueError
        No faces, different conventions, or one without a mirror table, or without known lids and
        lips where ``openness`` is given.
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
        # The same noise for every teacher, and for a face whatever comes before it.
        found = [estimates(t, image, coarse, np.random.default_rng(number)) for t in teachers]
        labels.append(combine(found, coarse, teachers[0].mean_shape, convention, openness))
    keep = kept(labels, faces)
    return [label.landmarks if k else None for label, k in zip(labels, keep, strict=True)]


def label_dataset(
    names: Sequence[str], dataset: Path, out: Path, openness: str | None = None
) -> Counts:
    """Label a data set or a five-point table by teachers and write the table of those kept.

    Parameters
    ----------
    names : names of teachers
        See `danpredict.training.pseudo_labels.teacher.load`.
    dataset : Path
        See `danpredict.training.pseudo_labels.coarse.read_coarse`.
    out : Path
        The table; in the pictures' folder or above.
    openness : str, optional
        One of the names: whose lids and lips are taken.

    Raises
    ------
    OSError, ValueError, RuntimeError, ImportError
        See `label_faces`, `danpredict.datasets.csv_table.write_csv` and the readers.
    """
    if openness is not None and openness not in names:
        raise ValueError(f"expected --openness out of {list(names)}, got {openness!r}")
    teachers = [load(name) for name in names]
    convention = teachers[0].convention
    faces = read_coarse(dataset, convention)
    if not faces:
        raise ValueError(f"expected faces, got an empty table {dataset}")
    for face in faces:  # a wrong folder is better said before the work
        check_below(out.resolve().parent, face.face.path)
    labels = label_faces(teachers, faces, None if openness is None else names.index(openness))
    write_csv(out, convention.size, [face.face.path for face in faces], labels)
    good = [label for label in labels if label is not None]
    return Counts(len(faces), len(good), sum(bool(np.isnan(label).any()) for label in good))
