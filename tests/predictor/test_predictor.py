"""The drop-in beside the real dlib: calls, images, rectangles, detections, errors."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor
from danpredict.dlib_compat.detection import Detection
from danpredict.model.zoo import VIDEO_MODEL, default_model, find_model

from ..conftest import Image


def test_a_detection_is_dlibs(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    det = predictor(image=astronaut, box=rect)
    assert isinstance(det, dlib.full_object_detection)
    assert det.rect == rect
    assert det.num_parts == 68
    assert type(det.part(0).x) is int
    assert isinstance(det.parts(), dlib.points)
    assert det.landmarks.shape == (68, 2)
    assert det.landmarks.dtype == np.float32
    with pytest.raises(IndexError, match="Index out of range"):
        det.part(68)


def test_parts_are_the_landmarks_rounded_as_dlib_rounds() -> None:
    landmarks = np.array([[2.5, -1.5], [0.49, 0.51], [-0.5, 3.0]])
    det = Detection(dlib.rectangle(0, 0, 9, 9), landmarks)
    theirs = [dlib.point(dlib.dpoint(x, y)) for x, y in landmarks]
    assert [(p.x, p.y) for p in det.parts()] == [(p.x, p.y) for p in theirs]


def test_dlib_functions_take_the_detection(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    det = predictor(astronaut, rect)
    assert dlib.get_face_chip(astronaut, det, size=150).shape == (150, 150, 3)
    faces = dlib.full_object_detections()
    faces.append(det)
    assert len(dlib.get_face_chips(astronaut, faces)) == 1


def test_landmarks_lie_near_dlibs(
    predictor: DANShapePredictor, dlib_predictor: Any, astronaut: Image, rect: Any
) -> None:
    theirs = np.array([(p.x, p.y) for p in dlib_predictor(astronaut, rect).parts()])
    ours = predictor(astronaut, rect).landmarks
    eye_distance = np.linalg.norm(theirs[36] - theirs[45])
    assert np.linalg.norm(ours - theirs, axis=1).mean() / eye_distance < 0.06


def test_many_faces_equal_single_ones(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    rects = [dlib.translate_rect(rect, dlib.point(i % 7, i // 7)) for i in range(40)]
    together = predictor.predict(astronaut, rects)
    assert [det.rect for det in together] == rects
    for det, each in zip(together, rects, strict=True):
        np.testing.assert_allclose(det.landmarks, predictor(astronaut, each).landmarks, atol=1e-2)


def test_many_images(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    smaller = np.ascontiguousarray(astronaut[:300, :400])
    lists = predictor.predict_batch([astronaut, smaller, astronaut], [[rect], [], [rect, rect]])
    assert [len(dets) for dets in lists] == [1, 0, 2]
    np.testing.assert_allclose(lists[0][0].landmarks, lists[2][1].landmarks, atol=1e-2)
    assert predictor.predict(astronaut, []) == []
    with pytest.raises(ValueError, match="got 1 lists for 2 images"):
        predictor.predict_batch([astronaut, astronaut], [[rect]])
    with pytest.raises(TypeError, match="expected a list of rectangles"):
        predictor.predict(astronaut, rect)


@pytest.mark.parametrize(
    "variant",
    [
        lambda image: image[..., ::-1],
        lambda image: np.asfortranarray(image),
        lambda image: image[:, ::-1][:, ::-1],
        lambda image: np.frombuffer(image.tobytes(), np.uint8).reshape(image.shape),
        lambda image: np.ma.masked_array(image),
    ],
    ids=["bgr", "fortran", "negative strides", "read-only", "masked"],
)
def test_strides_and_channel_order_change_nothing(
    predictor: DANShapePredictor, astronaut: Image, rect: Any, variant: Any
) -> None:
    same = variant(astronaut)
    before = same.copy()
    np.testing.assert_array_equal(
        predictor(same, rect).landmarks, predictor(astronaut, rect).landmarks
    )
    np.testing.assert_array_equal(same, before)


def test_gray_equals_three_equal_channels(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    gray = astronaut[..., 1]
    np.testing.assert_array_equal(
        predictor(gray, rect).landmarks, predictor(np.dstack([gray] * 3), rect).landmarks
    )


@pytest.mark.parametrize("box", [None, (0, 0, 9), "0099", dlib.point(3, 4), np.zeros((2, 4))])
def test_what_is_no_rectangle_raises_type_error(
    predictor: DANShapePredictor, dlib_predictor: Any, astronaut: Image, box: Any
) -> None:
    with pytest.raises(TypeError):
        dlib_predictor(astronaut, box)
    with pytest.raises(TypeError, match=r"must be a dlib rectangle, a danpredict\.FaceBox or"):
        predictor(astronaut, box)


@pytest.mark.parametrize(
    "box",
    [
        dlib.rectangle(),
        dlib.rectangle(200, 200, 100, 100),
        dlib.rectangle(-900, -900, -800, -800),
        dlib.rectangle(5000, 5000, 5100, 5100),
        dlib.rectangle(-(10**8), -(10**8), 10**8, 10**8),
        dlib.rectangle(100, 100, 100, 100),
        dlib.rectangle(100, 0, 101, 500),
        dlib.rectangle(2**63 - 1, 0, 2**63 - 1, 0),
        dlib.rectangle(-(2**63), -(2**63), 2**63 - 1, 2**63 - 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(512, 512, 3), (40, 30), (1, 1), (0, 0), (0, 5, 3), (3, 40000)])
def test_odd_rectangles_give_finite_points(
    predictor: DANShapePredictor, box: Any, shape: tuple[int, ...]
) -> None:
    image = np.full(shape, 90, np.uint8)
    det = predictor(image, box)
    assert det.rect == box
    assert det.num_parts == 68
    assert np.isfinite(det.landmarks).all()
    assert all(abs(p.x) < 2**50 and abs(p.y) < 2**50 for p in det.parts())


def test_copies_keep_everything(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    det = predictor(astronaut, rect)
    det.note = "the user's own"  # type: ignore[attr-defined]
    for same in (copy.copy(det), copy.deepcopy(det), pickle.loads(pickle.dumps(det))):
        assert type(same) is type(det)
        assert same.rect == det.rect
        assert same.note == det.note  # type: ignore[attr-defined]
        assert str(same.parts()) == str(det.parts())
        np.testing.assert_array_equal(same.landmarks, det.landmarks)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):  # dlib's own aborts with 0 and 1
        again = pickle.loads(pickle.dumps(det, protocol))
        np.testing.assert_array_equal(again.landmarks, det.landmarks)
    for again in (copy.deepcopy(predictor), pickle.loads(pickle.dumps(predictor, 0))):
        np.testing.assert_array_equal(again(astronaut, rect).landmarks, det.landmarks)


def test_save_writes_the_very_file(predictor: DANShapePredictor, tmp_path: Path) -> None:
    path = tmp_path / "model.dan"
    predictor.save(str(path))
    assert path.read_bytes() == find_model(default_model()).read_bytes()
    kinds: list[str | bytes | os.PathLike[str]] = [str(path), os.fsencode(path), path]
    for kind in kinds:
        assert DANShapePredictor(kind).info == predictor.info
    with pytest.raises(RuntimeError, match="Error serializing"):
        predictor.save(tmp_path / "missing" / "model.dan")


def test_subclasses_work(astronaut: Image, rect: Any) -> None:
    class Mine(DANShapePredictor):
        pass

    assert Mine(threads=1)(image=astronaut, box=rect).num_parts == 68


def test_shipped_models_are_listed() -> None:
    names = [
        "clean68",
        "clean68-int8",
        "lean68",
        "lean68-int8",
        "nano68",
        "nano68-int8",
        "slim68",
        "slim68-int8",
    ]
    assert list(danpredict.models()) == names
    assert {default_model(), default_model(VIDEO_MODEL)} < set(names)
    assert DANShapePredictor().info["name"] == default_model()


@pytest.mark.parametrize(
    ("level", "name", "expected"),
    [
        ("found", "SSE42", "lean68"),
        ("found", "X86_V3", "lean68-int8"),
        ("baseline", "AVX2", "lean68-int8"),
    ],
)
def test_the_default_depends_on_the_processor(
    monkeypatch: pytest.MonkeyPatch, level: str, name: str, expected: str
) -> None:
    extensions = {"baseline": ["SSE2"], "found": [], level: [name]}
    monkeypatch.setattr(np, "show_config", lambda mode: {"SIMD Extensions": extensions})
    assert default_model() == expected


def test_a_device_that_is_not_there_is_refused() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(ValueError, match="'cuda:7'"):
        DANShapePredictor(device="cuda:7")


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="threads"):
        DANShapePredictor(threads=0)


def test_steady_answers_depend_less_on_the_rectangle(astronaut: Image, rect: Any) -> None:
    rng = np.random.default_rng(0)
    sides = np.array([rect.left(), rect.top(), rect.right(), rect.bottom()])
    moves = rng.integers(-4, 5, (12, 2))
    rects = [dlib.rectangle(*(sides + np.tile(move, 2)).tolist()) for move in moves]
    found = {}
    for steady in (False, True):
        predictor = DANShapePredictor(steady=steady)
        found[steady] = np.stack([d.landmarks for d in predictor.predict(astronaut, rects)])
    assert found[True].std(0).mean() < 0.6 * found[False].std(0).mean()
    apart = np.linalg.norm(found[True].mean(0) - found[False].mean(0), axis=-1)
    assert apart.mean() < 0.02 * rect.width()
    copied = pickle.loads(pickle.dumps(predictor))
    np.testing.assert_array_equal(
        copied(astronaut, rect).landmarks, predictor(astronaut, rect).landmarks
    )
