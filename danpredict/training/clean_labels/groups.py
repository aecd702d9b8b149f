"""Errors on the validation faces of a run, by apparent skin tone and age and by data set.

``python -m danpredict.training.clean_labels.groups MODEL TABLE... --ages AGES``

MODEL is the model of the run, TABLE the tables that the run was trained on. The faces are those
that the run kept for validation. Their landmarks come from the labelling teacher, not from hand,
so these are distances from the teacher. AGES is a table ``file,age`` with a name for the apparent
age of each face, for example ``weights/provenance/clean68_ages.csv``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danpredict.boxes.face_box import FaceBox
from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.metrics import FAILURE, normalised_errors
from danpredict.evaluation.significance import interval_of_mean
from danpredict.geometry.similarity import bounding_box
from danpredict.landmarks.convention import convention
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model
from danpredict.predictor import DANShapePredictor
from danpredict.training.clean_labels.skin import (
    ITA_NAMES,
    ita_group,
    lightness_group,
    lightness_groups,
    skin_tone,
)
from danpredict.training.data import split_faces
from danpredict.training.provenance import fingerprint
from danpredict.training.tiles import complete

LAYOUT = "ibug68"
FEWEST = 2  # faces of a group that gets an interval


def validation_faces(
    training: Mapping[str, Any], tables: Sequence[Path]
) -> list[tuple[str, LabelledFace]]:
    """The faces that a run kept for validation, each with the name of its table's folder.

    Parameters
    ----------
    training : mapping
        The entry ``training`` of the run's model.
    tables : paths
        All or some of its data sets.

    Raises
    ------
    ValueError
        A table is not what the run was trained on, so its validation faces are not known.
    FileNotFoundError
        A table or a picture is missing.
    """
    known = {row["sha256"] for row in training["data"]}
    faces = []
    for table in tables:
        read = read_dataset(table, convention(LAYOUT).size)
        if (digest := fingerprint(read)) not in known:
            raise ValueError(
                f"expected a table that the model was trained on, got {table} with the SHA-256 "
                f"{digest}: faces of another table may have been in the training"
            )
        kept = split_faces(read, training["validation_fraction"]).validation
        faces += [(table.resolve().parent.name, face) for face in kept]
    return faces


def face_errors(model: Model, faces: Sequence[LabelledFace]) -> NDArray[np.float64]:
    """Inter-ocular errors (N,) of labelled landmarks, in percent.

    A face starts from the tight box of its landmarks, as in the validation of a run. For the
    normaliser, eye corners that are not labelled are estimated; see
    `danpredict.training.tiles.complete`.
    """
    predictor = DANShapePredictor.from_model(model)
    found, whole = [], []
    for face in tqdm(faces, unit="face", leave=False):
        whole.append(complete(face.landmarks, model.mean_shape))
        box = FaceBox(*model.box.box_around(bounding_box(whole[-1])))
        found.append(predictor(face.picture(), box).landmarks)
    truth = np.stack([face.landmarks for face in faces])
    scale = inter_ocular(np.stack(whole), convention(LAYOUT))
    return np.asarray(100 * normalised_errors(np.stack(found), truth, scale), np.float64)


def read_ages(path: Path) -> dict[str, str]:
    """The apparent ages of a table ``file,age`` by file, ``FOLDER/images/NAME``.

    Raises
    ------
    ValueError
        Another header, or a row without two cells.
    """
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        header, rows = next(reader, []), list(reader)
    if header != ["file", "age"] or any(len(row) != 2 for row in rows):
        raise ValueError(f"expected rows of file,age in {path}, got another table")
    return dict(rows)


def groups_of(name: str, face: LabelledFace, ages: Mapping[str, str]) -> Iterator[str]:
    """The names of all groups that a face of the set ``name`` belongs to; see `read_ages`."""
    yield f"set {name}"
    if ages:
        yield f"age {ages.get('/'.join(face.path.parts[-3:]), 'not known')}"
    tone = skin_tone(face.picture(), face.landmarks)
    if tone is None:
        yield "no cheek labelled"
        return
    yield lightness_group(tone.lightness)
    yield "ITA not known, no colour" if tone.ita is None else f"ITA {ita_group(tone.ita)}"


def table_lines(groups: Sequence[Sequence[str]], errors: NDArray[np.float64]) -> list[str]:
    """A Markdown table: number of faces, NME and its 95 % interval, failures of each group.

    Parameters
    ----------
    groups : N lists of names
    errors : (N,) float, percent
    """
    present = {name for names in groups for name in names}
    order = ["all", *sorted(name for name in present if name.startswith("set "))]
    order += sorted(name for name in present if name.startswith("age "))
    order += [*lightness_groups(), *(f"ITA {name}" for name in ITA_NAMES)]
    order += sorted(present - set(order))
    lines = ["| group | faces | NME, % | 95 % interval | above 8 % |", "|---|---|---|---|---|"]
    for name in order:
        values = errors[[name == "all" or name in names for names in groups]]
        if not len(values):
            continue
        low, high = interval_of_mean(values)
        interval = f"{low:.2f} to {high:.2f}" if len(values) >= FEWEST else ""
        failures = 100 * (values > 100 * FAILURE).mean()
        lines.append(
            f"| {name} | {len(values)} | {values.mean():.2f} | {interval} | {failures:.1f} % |"
        )
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="name of a shipped model, or a model file")
    parser.add_argument("tables", nargs="+", type=Path, help="tables that it was trained on")
    parser.add_argument("--ages", type=Path, help="a table file,age of apparent ages")
    options = parser.parse_args()
    ages = {} if options.ages is None else read_ages(options.ages)
    model = read_model(find_model(options.model))
    faces = validation_faces(model.info["training"], options.tables)
    if not faces:
        raise ValueError("expected validation faces, got none in these tables")
    groups = [list(groups_of(name, face, ages)) for name, face in faces]
    print("\n".join(table_lines(groups, face_errors(model, [face for _, face in faces]))))


if __name__ == "__main__":
    main()
