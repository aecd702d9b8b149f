"""Group faces by person, and measure how much the landmarks matter for recognition.

    python examples/align_for_recognition.py                      # the astronaut twice
    python examples/align_for_recognition.py FOLDER --out sheet.jpg
    python examples/align_for_recognition.py FOLDER --compare     # FOLDER/<person>/<picture>

dlib's HOG detector finds the faces. danpredict aligns them, dlib's recognition network describes
them, and dlib's clustering groups them. The result is a contact sheet with a row per person.

With --compare, the folder names are the persons, and chips (aligned faces) from dlib's landmarks
are compared with chips from danpredict's. The first table says how well descriptor distances tell
persons apart: with the detector's boxes, with boxes shifted by 10 %, with pictures rolled by 30
degrees, and with both. The second table says how far the corners of a chip move when the box
moves. The networks come with the package face_recognition_models.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import danpredict
from danpredict.alignment.align import chip_transform
from danpredict.error_boundary import needed_by, run_program
from danpredict.evaluation.metrics import roc_auc
from danpredict.files.outputs import check_outputs, check_suffix, write_bytes
from danpredict.files.pictures import (
    PICTURES,
    WRITABLE_PICTURES,
    encode_picture,
    read_picture,
)

with needed_by(
    "align_for_recognition.py", "pip install 'danpredict[dlib-bin]' face-recognition-models"
):
    import dlib
    import face_recognition_models as models


Image = NDArray[np.uint8]
SAME = 0.5  # largest descriptor distance within a group, from dlib's example
JITTERS = 20
CHIP = 150


class Face(NamedTuple):
    """A picture, dlib's box of the face, and the person: the name of the picture's folder."""

    image: Image
    rect: Any
    person: str


def find_faces(paths: Sequence[Path]) -> list[Face]:
    """All faces in the pictures."""
    detector = dlib.get_frontal_face_detector()
    faces = []
    for path in tqdm(paths, "detecting", unit="picture", leave=False):
        image = read_picture(path, upright=True)
        found = detector(image, 0) or detector(image, 1)
        faces += [Face(image, rect, path.parent.name) for rect in found]
    return faces


def describe(network: Any, chips: Sequence[Image]) -> NDArray[np.float64]:
    """(N, 128) descriptors."""
    return np.array([network.compute_face_descriptor(chip) for chip in tqdm(chips, leave=False)])


def contact_sheet(chips: Sequence[Image], labels: Sequence[int]) -> Image:
    """Draw a row of chips for each label."""
    rows = []
    width = max(labels.count(label) for label in set(labels))
    for label in sorted(set(labels), key=labels.index):
        row = [
            cv2.resize(c, (100, 100)) for c, own in zip(chips, labels, strict=True) if own == label
        ]
        row += [np.full((100, 100, 3), 255, np.uint8)] * (width - len(row))
        rows.append(np.hstack(row))
    return np.vstack(rows)


# -- comparison --------------------------------------------------------------------------------


def shifted(face: Face, rng: np.random.Generator) -> Face:
    """Shift the box by 10 % of its width in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    away = 0.1 * face.rect.width()
    x, y = round(away * np.cos(angle)), round(away * np.sin(angle))
    rect = face.rect
    moved = dlib.rectangle(rect.left() + x, rect.top() + y, rect.right() + x, rect.bottom() + y)
    return face._replace(rect=moved)


def rolled(face: Face, rng: np.random.Generator) -> Face:
    """Rotate the picture by 30 degrees about the centre of the box, in a random direction."""
    middle = (face.rect.center().x, face.rect.center().y)
    matrix = cv2.getRotationMatrix2D(middle, 30 * rng.choice([-1, 1]), 1)
    size = face.image.shape[1::-1]
    turned = cv2.warpAffine(face.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return face._replace(image=np.asarray(turned, np.uint8))


def both(face: Face, rng: np.random.Generator) -> Face:
    """Rotate the picture and shift the box."""
    return shifted(rolled(face, rng), rng)


Disturb = Callable[[Face, np.random.Generator], Face]
CONDITIONS: dict[str, Disturb] = {
    "HOG boxes": lambda face, rng: face,
    "shifted by 10 %": shifted,
    "rolled by 30 degrees": rolled,
    "both": both,
}


def separation(
    descriptors: NDArray[np.float64], persons: Sequence[str]
) -> tuple[float, float, float]:
    """ROC AUC of same-person pairs, and the mean distances within and between persons."""
    i, j = np.triu_indices(len(persons), 1)
    distance = np.linalg.norm(descriptors[i] - descriptors[j], axis=1)
    names = np.array(persons)
    same = names[i] == names[j]
    return roc_auc(-distance, same), float(distance[same].mean()), float(distance[~same].mean())


def corner_spread(predictor: Callable[[Any, Any], Any], face: Face) -> float:
    """Mean spread of the chip's corners, chip pixels, when the box moves by up to 5 %."""
    rng = np.random.default_rng(0)
    side = face.rect.width()
    sides = np.array([face.rect.left(), face.rect.top(), face.rect.right(), face.rect.bottom()])
    corners = np.array([[0, 0], [CHIP - 1, 0], [0, CHIP - 1], [CHIP - 1, CHIP - 1]], float)
    found = []
    for _ in range(JITTERS):
        move = np.tile(rng.uniform(-0.05, 0.05, 2) * side, 2).round().astype(int)
        rect = dlib.rectangle(*(sides + move).tolist())
        transform = chip_transform(predictor(face.image, rect), "dlib", CHIP)
        found.append(transform.inverse(corners) * transform.scale)
    spread = np.array(found) - np.mean(found, axis=0)
    return float(np.linalg.norm(spread, axis=-1).mean())


def compare(faces: Sequence[Face], network: Any) -> None:
    """Print how well chips from both predictors tell persons apart."""
    predictors: dict[str, Callable[[Any, Any], Any]] = {
        "dlib, 5 points": dlib.shape_predictor(models.pose_predictor_five_point_model_location()),
        "dlib, 68 points": dlib.shape_predictor(models.pose_predictor_model_location()),
        "danpredict": danpredict.DANShapePredictor(),
        "danpredict, steady": danpredict.DANShapePredictor(steady=True),
    }
    persons = [face.person for face in faces]
    print(f"{len(faces)} faces of {len(set(persons))} persons")
    print("| | | ROC AUC | distance within | between |\n|---|---|---|---|---|")
    for condition, disturb in CONDITIONS.items():
        rng = np.random.default_rng(0)
        disturbed = [disturb(face, rng) for face in faces]
        for name, predictor in predictors.items():
            chips = [
                danpredict.face_chip(face.image, predictor(face.image, face.rect))
                for face in disturbed
            ]
            auc, within, between = separation(describe(network, chips), persons)
            print(f"| {condition} | {name} | {auc:.4f} | {within:.3f} | {between:.3f} |")
    print("\n| | spread of the chip's corners, pixels (median of faces) |\n|---|---|")
    for name, predictor in predictors.items():
        spread = [corner_spread(predictor, face) for face in tqdm(faces, leave=False)]
        print(f"| {name} | {np.median(spread):.2f} |")


def main(arguments: list[str] | None = None) -> int:
    """Process a folder, or the astronaut."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="default: scikit-image's astronaut")
    parser.add_argument(
        "--compare",
        action="store_true",
        help="compare chips of several photos per person; each sub-folder is one person",
    )
    parser.add_argument("--out", type=Path, default=Path("contact_sheet.jpg"))
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)
    return run_program("align_for_recognition.py", lambda: run(given), debug=given.debug)


def run(given: argparse.Namespace) -> None:
    """Process the folder."""
    if not given.compare:
        check_suffix(given.out, WRITABLE_PICTURES)
        check_outputs([given.out])
    network = dlib.face_recognition_model_v1(models.face_recognition_model_location())
    if given.folder is None:
        from skimage import data

        image = data.astronaut()  # type: ignore[no-untyped-call]
        rect = dlib.get_frontal_face_detector()(image, 0)[0]
        rng = np.random.default_rng(0)
        faces = [Face(image, rect, "astronaut"), rolled(Face(image, rect, "astronaut"), rng)]
    else:
        if not given.folder.is_dir():
            raise FileNotFoundError(f"expected a folder of pictures, found no {given.folder}")
        paths = sorted(p for p in given.folder.rglob("*") if p.suffix.lower() in PICTURES)
        if not given.compare:
            check_outputs([given.out], paths)
        faces = find_faces(paths)
    if not faces:
        raise ValueError(f"no face found in {given.folder}")
    if given.compare:
        compare(faces, network)
        return
    predictor = danpredict.DANShapePredictor(steady=True)
    chips = [danpredict.face_chip(face.image, predictor(face.image, face.rect)) for face in faces]
    vectors = [dlib.vector(row.tolist()) for row in describe(network, chips)]
    labels = list(dlib.chinese_whispers_clustering(vectors, SAME))
    sheet = contact_sheet(chips, labels)
    write_bytes(given.out, encode_picture(sheet, given.out.suffix))
    print(f"{len(faces)} faces of {len(set(labels))} persons; wrote {given.out}")


if __name__ == "__main__":
    sys.exit(main())
