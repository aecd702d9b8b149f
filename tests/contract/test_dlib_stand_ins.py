"""The stand-ins for dlib's classes give the same results as dlib's own."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import dlib
import numpy as np
import pytest

from danpredict import DANShapePredictor
from danpredict.dlib_compat import stand_ins as twins

from ..conftest import Image

LIBRARIES = (dlib, twins)


def both(call: Callable[[Any], Any]) -> None:
    """Compare what a call on either library gives, or which exception it raises."""
    results: list[object] = []
    for library in LIBRARIES:
        try:
            results.append(str(call(library)))
        except Exception as error:
            results.append(type(error))
    assert results[0] == results[1]


SIDES = list(itertools.product((-7, 0, 4), (-2, 3), (-8, -3, 4, 9), (-6, 3, 8)))


@pytest.mark.parametrize("sides", SIDES, ids=str)
def test_twin_rectangles(sides: tuple[int, int, int, int]) -> None:
    for name in ("left", "top", "right", "bottom", "width", "height", "area", "is_empty",
                 "center", "tl_corner", "br_corner", "__repr__", "__str__"):  # fmt: skip
        both(lambda library: getattr(library.rectangle(*sides), name)())  # noqa: B023
    both(lambda library: library.rectangle(*sides).contains(1, 2))
    both(lambda library: library.rectangle(*sides) == library.rectangle(*sides))
    both(lambda library: library.rectangle(*sides) == library.rectangle(0, 0, 1, 1))


@pytest.mark.parametrize(
    "call",
    [
        lambda library: library.rectangle(),
        lambda library: library.rectangle(1.5, 2, 3, 4),
        lambda library: library.rectangle("1", 2, 3, 4),
        lambda library: hash(library.rectangle()),
        lambda library: library.point(1.5, 2),
        lambda library: library.point(1, -2),
        lambda library: repr(library.point(1, -2)),
        lambda library: library.point(np.int64(3), True),
        lambda library: library.point(1, 2) == library.point(1, 2),
        lambda library: library.point(1, 2) + library.point(5, -5),
        lambda library: library.point(1, 2) - library.point(5, -5),
        lambda library: library.points(),
        lambda library: face(library).num_parts,
        lambda library: face(library).rect,
        lambda library: face(library).part(1),
        lambda library: face(library).part(idx=2),
        lambda library: face(library).part(np.int64(1)),
        lambda library: face(library).part(True),
        lambda library: face(library).part(3),
        lambda library: face(library).part(-1),
        lambda library: face(library).part(1.0),
        lambda library: face(library).parts(),
        lambda library: face(library).parts()[-1],
        lambda library: face(library).parts()[3],
        lambda library: face(library).parts()[1:],
        lambda library: len(face(library).parts()),
        lambda library: [(p.x, p.y) for p in face(library).parts()],
        lambda library: face(library) == face(library),
        lambda library: len(face(library)),
        lambda library: face(library)[0],
        lambda library: list(face(library)),
        lambda library: library.full_object_detection(),
        lambda library: library.full_object_detection((1, 2, 3, 4), []),
        lambda library: library.full_object_detection(library.rectangle(), []).num_parts,
        lambda library: setattr(face(library), "rect", library.rectangle()),
        lambda library: face(library).part(0).x.bit_length(),
        lambda library: pickle.loads(pickle.dumps(face(library))).parts(),
        lambda library: pickle.loads(pickle.dumps(face(library))).rect,
    ],
)
def test_twins_answer_as_dlibs_classes(call: Callable[[Any], Any]) -> None:
    both(call)


def face(library: Any) -> Any:
    """Three parts."""
    parts = [library.point(1, 2), library.point(30, -40), library.point(5, 6)]
    return library.full_object_detection(library.rectangle(1, 2, 30, 40), parts)


def test_without_dlib_the_same_landmarks(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    code = (
        "import sys; sys.modules['dlib'] = None\n"
        "import copy, pickle, danpredict, numpy as np\n"
        "from skimage import data\n"
        f"box = danpredict.rectangle{sides}\n"
        "predictor = danpredict.DANShapePredictor(threads=1)\n"
        "det = predictor(data.astronaut(), box)\n"
        "assert det.rect == box and det.num_parts == 68\n"
        "assert type(det.parts()).__module__ == 'danpredict.dlib_compat.stand_ins'\n"
        "again = pickle.loads(pickle.dumps(copy.deepcopy(det)))\n"
        "assert (again.landmarks == det.landmarks).all() and again.confidence == det.confidence\n"
        "try: danpredict.DANShapePredictor(strict=True)(np.zeros((9, 9, 4), np.uint8), box)\n"
        "except RuntimeError as error: print(error)\n"
        "try: predictor(data.astronaut(), (1, 2, 3))\n"
        "except TypeError as error: print(error)\n"
        "print([(p.x, p.y) for p in det.parts()])\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    image, box, parts = result.stdout.splitlines()
    assert image == "Unsupported image type, must be 8bit gray or RGB image."
    assert box.startswith("box must be a dlib rectangle, a danpredict.FaceBox or (left, top,")
    assert parts == str([(p.x, p.y) for p in predictor(astronaut, rect).parts()])
