"""Data sets for training: reading them, and keeping some photos for validation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import LabelledFace
from danpredict.training.provenance import fingerprint


@dataclass(frozen=True)
class DataSource:
    """A data set and how to use it.

    Attributes
    ----------
    path : Path
        See `danpredict.datasets.dataset.read_dataset`.
    weight : float
        How often each of its faces is drawn, relative to other data sets.
    extra : bool
        Use all of it for training. Pseudo-labels must not be used for validation.
    """

    path: Path
    weight: float = 1.0
    extra: bool = False


@dataclass(frozen=True)
class Split:
    """Faces for training and for validation. No photo is in both."""

    train: list[LabelledFace]
    validation: list[LabelledFace]


def split_faces(faces: Sequence[LabelledFace], fraction: float) -> Split:
    """Keep a fraction of the photos for validation. The choice depends only on a photo's name."""
    limit = int(fraction * 2**32)
    split = Split([], [])
    for face in faces:
        number = int.from_bytes(hashlib.sha256(face.photo.encode()).digest()[:4], "big")
        (split.validation if number < limit else split.train).append(face)
    return split


@dataclass
class TrainingData:
    """Faces for training and validation.

    Attributes
    ----------
    train, validation : list of LabelledFace
    weights : list of float
        How often each training face is drawn, relative to the others.
    provenance : list of dict
        One row per data set: name, number of faces, weight and hash.
    """

    train: list[LabelledFace] = field(default_factory=list)
    validation: list[LabelledFace] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    provenance: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, name: str, faces: Sequence[LabelledFace], validation: float, weight: float = 1.0
    ) -> None:
        """Add a data set. ``validation`` is the fraction of its photos kept for validation."""
        split = split_faces(faces, validation)
        self.train += split.train
        self.validation += split.validation
        self.weights += [weight] * len(split.train)
        self.provenance.append(
            {
                "name": name,
                "faces": len(faces),
                "train_faces": len(split.train),
                "weight": weight,
                "sha256": fingerprint(faces),
            }
        )

    def hashes(self) -> dict[str, float]:
        """The weight of each data set by its hash. They must not change when a run resumes."""
        return {row["sha256"]: row["weight"] for row in self.provenance}


def read_sources(
    sources: Sequence[DataSource], size: int, rectangles: Path | None, validation: float
) -> TrainingData:
    """Read data sets of ``size`` landmarks; see `danpredict.training.run.train`."""
    paths = [source.path.resolve() for source in sources]
    twice = {path for path in paths if paths.count(path) > 1}
    if twice:
        raise ValueError(f"expected every data set once, got {twice.pop()} twice")
    data = TrainingData()
    for source in sources:
        faces = read_dataset(source.path, size, None if source.extra else rectangles)
        name = "/".join(source.path.resolve().parts[-2:])
        data.add(name, faces, 0.0 if source.extra else validation, source.weight)
    return data
