"""The same odd input to dlib's predictor and to ours; and our twins beside dlib's classes."""

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
from numpy.typing import NDArray

from danpredict import DANShapePredictor
from danpredict.dlib_compat import detection, state
from danpredict.dlib_compat import stand_ins as twins
from danpredict.dlib_compat.detection import Detection

from ..conftest import Image


@pytest.fixture(scope="module")
def strict() -> DANShapePredictor:
    return DANShapePredictor(threads=1, strict=True)


def outcome(call: Callable[[], Any]) -> tuple[str, str]:
    """What comes out: the kind of result, or the exception with its first words."""
    try:
        result = call()
    except Exception as error:
        return type(error).__name__, str(error).split("Invoked with")[0].split("self:")[0]
    return "detection", f"{result.num_parts} parts in {result.rect}"


IMAGES: dict[str, Any] = {
    "gray": np.zeros((40, 50), np.uint8),
    "RGB": np.zeros((40, 50, 3), np.uint8),
    "float": np.zeros((9, 9), np.float32),
    "double": np.zeros((9, 9, 3)),
    "uint16": np.zeros((9, 9), np.uint16),
    "int8": np.zeros((9, 9), np.int8),
    "int64": np.zeros((9, 9), np.int64),
    "bool": np.zeros((9, 9), bool),
    "RGBA": np.zeros((9, 9, 4), np.uint8),
    "one channel": np.zeros((9, 9, 1), np.uint8),
    "two channels": np.zeros((9, 9, 2), np.uint8),
    "channels first": np.zeros((3, 9, 9), np.uint8),
    "four dimensions": np.zeros((1, 9, 9, 3), np.uint8),
    "one dimension": np.zeros(9, np.uint8),
    "empty": np.zeros((0, 0), np.uint8),
    "empty RGB": np.zeros((0, 5, 3), np.uint8),
    "Fortran": np.zeros((9, 9, 3), np.uint8, order="F"),
    "negative strides": np.zeros((9, 9, 3), np.uint8)[::-1, ::-1],
    "BGR view": np.zeros((9, 9, 3), np.uint8)[..., ::-1],
    "masked": np.ma.masked_array(np.zeros((9, 9), np.uint8)),
    "list": [[0, 1], [2, 3]],
    "None": None,
    "text": "photo.jpg",
}
BOXES: dict[str, Any] = {
    "plain": dlib.rectangle(1, 1, 7, 7),
    "none": dlib.rectangle(),
    "inverted": dlib.rectangle(9, 9, 1, 1),
    "far away": dlib.rectangle(5000, 5000, 5100, 5100),
    "huge": dlib.rectangle(-(10**8), -(10**8), 10**8, 10**8),
    "drectangle": dlib.drectangle(1, 1, 7, 7),
    "tuple": (1, 1, 7, 7),
    "list": [1, 1, 7, 7],
    "array": np.array([1, 1, 7, 7]),
    "None": None,
    "rectangles": dlib.rectangles(),
}


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("box", BOXES)
def test_strict_answers_as_dlib(
    strict: DANShapePredictor, dlib_predictor: Any, image: str, box: str
) -> None:
    given, where = IMAGES[image], BOXES[box]
    theirs = outcome(lambda: dlib_predictor(given, where))
    assert outcome(lambda: strict(given, where)) == theirs


def test_keywords_are_dlibs(strict: DANShapePredictor, dlib_predictor: Any) -> None:
    image, box = IMAGES["gray"], BOXES["plain"]
    good = {"image": image, "box": box}
    assert outcome(lambda: strict(**good)) == outcome(lambda: dlib_predictor(**good))
    for bad in ({"img": image, "rect": box}, {"image": image}, {}):
        for predictor in (strict, dlib_predictor):
            with pytest.raises(TypeError):
                predictor(**bad)


# -- images that dlib does not take ------------------------------------------------------------


def as_torch(image: NDArray[Any]) -> Any:
    import torch

    return torch.from_numpy(image.copy())


def as_pil(image: NDArray[Any]) -> Any:
    from PIL import Image as Pillow

    return Pillow.fromarray(image)


LIBERAL: dict[str, Callable[[Image], Any]] = {
    "one channel": lambda image: image[..., :1],
    "RGBA": lambda image: np.dstack([image, image[..., 0]]),
    "uint16": lambda image: image.astype(np.uint16) * 257,
    "float to 1": lambda image: image.astype(np.float32) / 255,
    "double to 1": lambda image: image / 255,
    "float to 255": lambda image: image.astype(np.float32),
    "half to 1": lambda image: (image / 255).astype(np.float16),
    "PIL": as_pil,
    "PIL gray": lambda image: as_pil(image[..., 0]),
    "PIL RGBA": lambda image: as_pil(image).convert("RGBA"),
    "PIL 16 bits": lambda image: as_pil(image[..., 0].astype(np.uint16) * 257),
    "PIL CMYK": lambda image: as_pil(image).convert("CMYK"),
    "torch": as_torch,
    "torch gray": lambda image: as_torch(image[..., 0]),
    "torch, channels first": lambda image: as_torch(image).permute(2, 0, 1),
    "torch float": lambda image: as_torch(image).permute(2, 0, 1).float() / 255,
    "torch bfloat16": lambda image: as_torch(image).bfloat16(),
    "torch with gradient": lambda image: (as_torch(image).float() / 255).requires_grad_(),
}


@pytest.mark.parametrize("kind", LIBERAL)
def test_other_kinds_of_images_are_converted(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, kind: str
) -> None:
    gray = np.dstack([astronaut[..., 1]] * 3)  # so that all kinds hold the same picture
    expected = predictor(gray, rect).landmarks
    found = predictor(LIBERAL[kind](gray), rect).landmarks
    np.testing.assert_allclose(found, expected, atol=0.3 if "bfloat16" in kind else 0.1)


def test_black_and_white(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    mask = astronaut[..., 0] > 100
    expected = predictor(mask.astype(np.uint8) * 255, rect).landmarks
    np.testing.assert_array_equal(predictor(mask, rect).landmarks, expected)
    np.testing.assert_array_equal(predictor(as_pil(mask), rect).landmarks, expected)


def test_what_cannot_be_told_is_refused(predictor: DANShapePredictor) -> None:
    import torch

    box = dlib.rectangle(1, 1, 7, 7)
    bad = np.zeros((9, 9), np.float32)
    bad[3, 3] = np.nan
    cases: list[tuple[Any, str]] = [
        (np.zeros((9, 9), np.int64), r"got int64 \(9, 9\)"),
        (np.zeros((9, 9), np.int8), "got int8"),
        (np.zeros((9, 9, 2), np.uint8), r"got uint8 \(9, 9, 2\)"),
        (np.zeros((3, 9, 9), np.uint8), r"got uint8 \(3, 9, 9\)"),
        (np.zeros((1, 9, 9, 3), np.uint8), "expected shape"),
        (np.zeros(9, np.uint8), "expected shape"),
        (np.full((9, 9), -0.5), "got -0.5 to -0.5"),
        (np.full((9, 9), 300.0), "got 300.0 to 300.0"),
        (np.full((9, 9), np.inf), "got inf"),
        (bad, "got nan"),
        (np.zeros((9, 9), complex), "got complex128"),
        (np.zeros((9, 9), object), "got object"),
        (torch.zeros(3, 9, 3), "first or last"),
        (torch.zeros(9, 9, 5), "expected shape"),
        (torch.zeros(9, 9, dtype=torch.int32), "got int32"),
        (as_pil(np.zeros((9, 9), np.int32)), "mode 'I'"),
    ]
    for image, message in cases:
        with pytest.raises(RuntimeError, match=message) as error:
            predictor(image, box)
        assert str(error.value).startswith(
            "Unsupported image type, must be 8bit gray or RGB image: "
        )


@pytest.mark.parametrize("image", [None, "photo.jpg", [[0, 1], [2, 3]], object(), 3])
def test_what_is_no_image_raises_type_error(predictor: DANShapePredictor, image: Any) -> None:
    with pytest.raises(TypeError, match=r"numpy\.ndarray, a PIL\.Image or a torch\.Tensor, got"):
        predictor(image, dlib.rectangle(0, 0, 9, 9))


# -- five points -------------------------------------------------------------------------------


def test_five_points_are_dlibs(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    whole = predictor(astronaut, rect)
    five = DANShapePredictor(threads=1, convention="dlib5")(astronaut, rect)
    assert five.num_parts == 5
    np.testing.assert_array_equal(five.landmarks, whole.landmarks[[45, 42, 36, 39, 33]])
    chips = [dlib.get_face_chip(astronaut, det, 150).astype(float) for det in (five, whole)]
    assert np.corrcoef(chips[0].ravel(), chips[1].ravel())[0, 1] > 0.8  # the same face
    with pytest.raises(ValueError, match="expected a landmark convention"):
        DANShapePredictor(convention="boxes")


# -- fractions inside dlib ---------------------------------------------------------------------


def test_dlib_uses_the_fractions(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a pixel moves dlib's chip, although the parts round to the same whole pixels."""
    assert state.DLIB_KEEPS_FRACTIONS
    landmarks = np.floor(predictor(astronaut, rect).landmarks)
    chips = []
    for shift in (0.0, 0.49):
        det = Detection(rect, landmarks + shift)
        assert [[p.x, p.y] for p in det.parts()] == landmarks.astype(int).tolist()
        chips.append(dlib.get_face_chip(astronaut, det, 150).astype(float))
    assert np.abs(chips[0] - chips[1]).mean() > 1

    monkeypatch.setattr(detection, "DLIB_KEEPS_FRACTIONS", False)  # as with dlib before 20.0.1
    older = [dlib.get_face_chip(astronaut, Detection(rect, landmarks + s), 150) for s in (0, 0.49)]
    np.testing.assert_array_equal(older[0], older[1])


def test_both_ways_to_build_a_detection_agree(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    landmarks = rng.normal(0, 300, (68, 2)).astype(np.float32)
    landmarks[:4] = [[2.5, -1.5], [-0.5, 0.49], [2.0**31, -(2.0**31)], [0, -0.0]]
    present = rng.random(68) < 0.8
    rect = dlib.rectangle(-(2**63), -3, 2**63 - 1, 70000)
    new = Detection(rect, landmarks, present=present)
    monkeypatch.setattr(detection, "DLIB_KEEPS_FRACTIONS", False)
    old = Detection(rect, landmarks, present=present)
    assert new.rect == old.rect == rect
    assert str(new.parts()) == str(old.parts())


# -- twins -------------------------------------------------------------------------------------

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
