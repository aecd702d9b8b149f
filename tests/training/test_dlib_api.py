"""dlib's training and testing functions on imglab XML, beside dlib's own."""

from __future__ import annotations

import inspect
import pickle
import re
from pathlib import Path
from typing import Any, get_overloads

import cv2
import dlib
import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor
from danpredict.boxes.calibration import fit_box_calibration
from danpredict.cli.main import main
from danpredict.datasets.dataset import read_folder
from danpredict.datasets.imglab import read_imglab
from danpredict.model.file import pack, read_model
from danpredict.model.zoo import find_model

from ..conftest import Image
from ..faces import write_dataset

FIVE = [45, 42, 36, 39, 33]


def write_xml(folder: Path, points: list[int], boxes: str) -> Path:
    """An imglab file of a folder's faces, some of their landmarks, and HOG-like boxes."""
    rows = []
    for number, face in enumerate(read_folder(folder)):
        low, high = face.landmarks.min(0), face.landmarks.max(0)
        side = int((high - low).max())
        left, top = (int(v) for v in (low + high) / 2 - side / 2 - 4)
        parts = "".join(
            f"<part name='{i:02}' x='{round(x)}' y='{round(y)}'/>"
            for i, (x, y) in enumerate(face.landmarks[points])
            if not (number == 1 and i == 2)  # one is missing
        )
        rows.append(
            f"<image file='{face.path.relative_to(folder.parent)}'>"
            f"<box top='{top}' left='{left}' width='{side}' height='{side}'>{parts}</box>{boxes}"
            "</image>"
        )
    path = folder.parent / "faces.xml"
    path.write_text(f"<dataset><images>{''.join(rows)}</images></dataset>")
    return path


def options(**given: Any) -> Any:
    return danpredict.shape_predictor_training_options(
        **{"faces": 512, "initial_weights": "lean68", "num_threads": 1, **given}
    )


@pytest.fixture(scope="module")
def faces(
    tmp_path_factory: pytest.TempPathFactory,
    predictor: DANShapePredictor,
    astronaut: Image,
    rect: Any,
) -> Path:
    folder = tmp_path_factory.mktemp("own") / "set"
    write_dataset(folder, astronaut, predictor(astronaut, rect).landmarks, count=10)
    return folder


def test_five_points_of_ones_own(faces: Path, tmp_path: Path, astronaut: Image, rect: Any) -> None:
    ignored = "<box top='1' left='1' width='9' height='9' ignore='1'/>"
    xml = write_xml(faces, FIVE, ignored)
    model = tmp_path / "mine.dan"
    chosen = options(mirror=[2, 3, 0, 1, 4], eyes=(2, 0))
    assert danpredict.train_shape_predictor(str(xml), str(model), chosen) is None
    mine = DANShapePredictor(model)
    det = mine(astronaut, rect)
    assert det.num_parts == 5
    assert mine.convention.eyes == (2, 0)
    error = danpredict.test_shape_predictor(str(xml), str(model))
    assert error < 6  # pixels; the eyes are 64 apart

    # dlib reads our rounded parts and its own test function measures the same error.
    images = [face.picture() for face in read_folder(faces)]
    truth = [[dlib.full_object_detection(rect, det.parts())] for _ in images]
    ours = danpredict.test_shape_predictor(images, truth, mine)
    scaled = danpredict.test_shape_predictor(images, truth, [[2.0]] * len(images), mine)
    assert scaled == pytest.approx(ours / 2)
    assert dlib.get_face_chip(astronaut, det, 150).shape == (150, 150, 3)


def test_points_without_eyes_are_evaluated_too(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a model of one's own points that names no eyes."""
    shipped = read_model(find_model("lean68"))
    layout = {**shipped.info["layout"], "eyes": None, "groups": {}}
    info = {**shipped.info, "convention": "mine", "layout": layout}
    model = tmp_path / "mine.dan"
    model.write_bytes(pack(info, shipped.graphs).data)
    assert main(["evaluate", str(model), str(write_xml(faces, list(range(68)), ""))]) == 0
    printed = capsys.readouterr().out
    assert "half-diagonal" in printed
    assert "inter-ocular" not in printed


@pytest.mark.slow
@pytest.mark.parametrize("count", [21, 98])
def test_any_number_of_points_without_a_mirror_table(
    faces: Path, tmp_path: Path, astronaut: Image, rect: Any, count: int
) -> None:
    points = [i % 68 for i in range(5, 5 + count)]
    xml = write_xml(faces, points, "")
    model = tmp_path / "mine.dan"
    danpredict.train_shape_predictor(xml, model, options(faces=2560))
    assert DANShapePredictor(model)(astronaut, rect).num_parts == count
    assert danpredict.test_shape_predictor(xml, model) < 6


def test_the_error_is_measured_as_dlib_measures_it(
    dlib_predictor: Any, dlib_model: Path, faces: Path
) -> None:
    xml = write_xml(faces, list(range(68)), "")
    theirs = dlib.test_shape_predictor(str(xml), str(dlib_model))
    loaded = read_imglab(xml, 68)
    images = [face.picture() for face in loaded]
    detections = []
    for face in loaded:
        assert face.box is not None
        box = dlib.rectangle(*(round(side) for side in face.box))
        gone = dlib.point(2**51 - 1, 2**51 - 1)
        parts = [gone if np.isnan(x) else dlib.point(int(x), int(y)) for x, y in face.landmarks]
        detections.append([dlib.full_object_detection(box, parts)])
    ours = danpredict.test_shape_predictor(images, detections, dlib_predictor)
    assert ours == pytest.approx(theirs, abs=0.02)  # JPEG and PNG readers agree to a level


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"unable to open .*nowhere\.xml for reading"):
        danpredict.train_shape_predictor(str(tmp_path / "nowhere.xml"), "a.dan")
    with pytest.raises(RuntimeError, match="unable to open"):
        danpredict.test_shape_predictor(str(tmp_path / "nowhere.xml"), "lean68")
    image = np.zeros((9, 9), np.uint8)
    with pytest.raises(RuntimeError, match="must match the length"):
        danpredict.train_shape_predictor([image], [])
    with pytest.raises(RuntimeError, match="does not have any labeled"):
        danpredict.train_shape_predictor([image], [[]])
    with pytest.raises(RuntimeError, match="does not have any labeled"):
        danpredict.test_shape_predictor([image], [[]], None)
    with pytest.raises(AttributeError, match="'tree_depth'"):
        danpredict.shape_predictor_training_options().tree_depth = 3
    cv2.imwrite(str(tmp_path / "a.png"), image)
    box = "<box top='1' left='2' width='3' height='4'><part name='0' x='3' y='3'/></box>"
    (tmp_path / "faces.xml").write_text(
        f"<dataset><images><image file='a.png'>{box}</image></images></dataset>"
    )
    with pytest.raises(ValueError, match="mirror table"):
        danpredict.train_shape_predictor(
            str(tmp_path / "faces.xml"), "a.dan", options(mirror=[1, 0], initial_weights=None)
        )


def test_arguments_have_the_names_of_dlib() -> None:
    for function in (danpredict.train_shape_predictor, danpredict.test_shape_predictor):
        theirs = str(getattr(dlib, function.__name__).__doc__)
        for form in get_overloads(function):
            names = [*inspect.signature(form).parameters]
            assert re.search(rf"{function.__name__}\({': .*, '.join(names)}: .*\)", theirs), names


def test_a_wrong_number_of_arguments() -> None:
    wrong: list[tuple[Any, ...]] = [(), ("faces.xml",), ([],), ("a", "b", "c", "d")]
    for given in wrong:
        with pytest.raises(TypeError, match=r"expected train_shape_predictor\(dataset_filename, "):
            danpredict.train_shape_predictor(*given)
    with pytest.raises(TypeError, match=r"got test_shape_predictor\(list, list\)"):
        danpredict.test_shape_predictor([], [])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"got train_shape_predictor\(str, output=\)"):
        danpredict.train_shape_predictor("a.xml", output="b")  # type: ignore[call-overload]
    with pytest.raises(RuntimeError, match=r"unable to open nowhere\.xml"):
        danpredict.train_shape_predictor(
            dataset_filename="nowhere.xml", predictor_output_filename="a.dan"
        )
    with pytest.raises(RuntimeError, match="does not have any labeled"):
        danpredict.train_shape_predictor(images=[], object_detections=[])
    image = np.zeros((9, 9), np.uint8)
    detection = dlib.full_object_detection(dlib.rectangle(1, 1, 5, 5), [dlib.point(2, 2)])
    with pytest.raises(RuntimeError, match="a scale for each of 1 faces, got 2"):
        danpredict.test_shape_predictor([image], [[detection]], [[1.0, 2.0]], None)


def test_the_old_name_of_the_initial_weights() -> None:
    kind: Any = danpredict.shape_predictor_training_options
    old, new = kind(start="lean68"), kind(initial_weights="lean68")
    assert old == new
    assert new.start == "lean68"
    old.start = "slim68"
    assert old.initial_weights == "slim68"
    assert pickle.loads(pickle.dumps(old)) == old
    assert kind().start is None
    assert "start" not in repr(old)


def test_box_calibration_is_measured(rng: np.random.Generator) -> None:
    landmarks = rng.uniform(0, 1, (50, 9, 2))
    landmarks = (landmarks - landmarks.min(1, keepdims=True)) / np.ptp(landmarks, 1)[:, None]
    boxes = np.zeros((50, 4))
    boxes[:, :2] = rng.uniform(-50, 200, (50, 2))
    boxes[:, 2:] = boxes[:, :2] + rng.uniform(50, 90, (50, 2))
    size = boxes[:, 2:] - boxes[:, :2] + 1
    placed = boxes[:, None, :2] + size[:, None] * (landmarks * [0.8, 0.7] + [0.1, 0.25])
    fitted = fit_box_calibration(boxes, placed)
    assert (fitted.left, fitted.top, fitted.right, fitted.bottom) == pytest.approx(
        (0.1, 0.25, 0.9, 0.95), abs=1e-4
    )
    with pytest.raises(ValueError, match="width and a height"):
        fit_box_calibration(np.zeros((1, 4)) - [0, 0, 1, 1], placed[:1])
    with pytest.raises(ValueError, match="expected"):
        fit_box_calibration(boxes[:3], placed)
