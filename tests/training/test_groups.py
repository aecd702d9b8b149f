"""Errors of validation faces by apparent skin tone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.color import lab2rgb

from danpredict import DANShapePredictor
from danpredict.datasets.csv_table import write_csv
from danpredict.datasets.dataset import read_dataset, read_folder
from danpredict.geometry.sampling import Image
from danpredict.model.file import pack, read_model
from danpredict.model.zoo import find_model
from danpredict.training.clean_labels import groups
from danpredict.training.clean_labels.groups import table_lines, validation_faces
from danpredict.training.clean_labels.skin import (
    ITA_NAMES,
    ita_group,
    lightness_group,
    lightness_groups,
    skin_tone,
    typology_angle,
)
from danpredict.training.data import split_faces
from danpredict.training.provenance import fingerprint


@pytest.fixture(name="landmarks", scope="module")
def _landmarks(predictor: DANShapePredictor, astronaut: Image) -> np.ndarray:
    found = predictor(astronaut, (179, 83, 266, 170)).landmarks
    return np.asarray(found, np.float64)


@pytest.mark.parametrize(
    ("lab", "angle", "group"),
    [
        ((75, 10, 15), 59.04, "very light"),
        ((65, 10, 15), 45.0, "light"),
        ((60, 12, 16), 32.01, "intermediate"),
        ((55, 12, 18), 15.52, "tan"),
        ((45, 12, 18), -15.52, "brown"),
        ((30, 10, 14), -55.01, "dark"),
    ],
)
def test_the_angle_of_a_known_colour(
    landmarks: np.ndarray, lab: tuple[float, float, float], angle: float, group: str
) -> None:
    colour = np.round(255 * lab2rgb(np.array(lab, float)))
    picture = np.broadcast_to(colour, (512, 512, 3)).astype(np.uint8)
    tone = skin_tone(picture, landmarks)
    assert tone is not None
    assert tone.ita == pytest.approx(angle, abs=1.5)  # 8 bits per channel
    assert tone.lightness == pytest.approx(lab[0], abs=0.5)
    assert ita_group(angle) == group


def test_only_the_cheeks_count(landmarks: np.ndarray, astronaut: Image) -> None:
    tone = skin_tone(astronaut, landmarks)
    assert tone is not None
    assert tone.ita is not None
    assert ita_group(tone.ita) in ("light", "very light")
    changed = astronaut.copy()
    for part in (range(36, 42), range(42, 48), range(48, 68), range(17, 27)):
        hull = cv2.convexHull(np.round(landmarks[list(part)]).astype(np.int32))
        cv2.fillPoly(changed, [np.asarray(hull)], (0, 0, 0))
    assert skin_tone(changed, landmarks) == tone
    assert skin_tone(np.zeros_like(astronaut), landmarks) == (0, None)


def test_gray_pictures_have_a_lightness_but_no_angle(
    landmarks: np.ndarray, astronaut: Image
) -> None:
    gray = np.asarray(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY), np.uint8)
    tone = skin_tone(gray, landmarks)
    assert tone is not None
    assert tone == skin_tone(np.repeat(gray[..., None], 3, 2), landmarks)
    assert tone.ita is None
    coloured = skin_tone(astronaut, landmarks)
    assert coloured is not None
    assert tone.lightness == pytest.approx(coloured.lightness, abs=2)
    assert typology_angle(70, 0) is None


def test_faces_without_cheeks(landmarks: np.ndarray, astronaut: Image) -> None:
    assert skin_tone(astronaut, np.where(np.arange(68)[:, None] == 31, np.nan, landmarks))
    half = landmarks.copy()
    half[[31, 35]] = np.nan
    assert skin_tone(astronaut, half) is None
    assert skin_tone(astronaut, landmarks + 2000) is None


def test_every_value_has_a_group() -> None:
    assert {ita_group(v) for v in np.linspace(-90, 90, 500)} == set(ITA_NAMES)
    found = [lightness_group(v) for v in np.linspace(0, 100, 500)]
    assert list(dict.fromkeys(found)) == lightness_groups()


def test_the_table_counts_every_face_once_in_all() -> None:
    errors = np.array([1.0, 2.0, 9.0])
    lines = table_lines([["set a", "ITA tan"], ["set a"], ["set b", "no cheek labelled"]], errors)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert [row[0] for row in cells[2:]] == [
        "all", "set a", "set b", "ITA tan", "no cheek labelled"
    ]  # fmt: skip
    assert cells[2][1:3] == ["3", "4.00"]
    assert cells[2][4] == "33.3 %"
    assert cells[3][:4] == ["set a", "2", "1.50", "1.00 to 2.00"]
    assert cells[5][3] == ""


@pytest.fixture(name="table")
def _table(dataset: Path, tmp_path: Path) -> Path:
    """A table of the twelve astronauts."""
    faces = read_folder(dataset)
    for face in faces:
        (tmp_path / face.path.name).write_bytes(face.path.read_bytes())
    pictures = [tmp_path / face.path.name for face in faces]
    table = tmp_path / "labels.csv"
    write_csv(table, 68, pictures, [face.landmarks for face in faces])
    return table


def test_the_command(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, faces = read_model(find_model("slim68")), read_dataset(table, 68)
    training = {
        "data": [{"name": "set/labels.csv", "faces": 12, "sha256": fingerprint(faces)}],
        "validation_fraction": 0.5,
    }
    kept = [face for _, face in validation_faces(training, [table])]
    assert [face.path for face in kept] == [
        face.path for face in split_faces(faces, 0.5).validation
    ]
    assert 0 < len(kept) < 12
    info = {k: v for k, v in model.info.items() if k not in ("graphs", "format_version")}
    path = table.parent / "mine.dan"
    path.write_bytes(pack({**info, "training": training}, model.graphs).data)
    monkeypatch.setattr(sys, "argv", ["groups", str(path), str(table)])
    groups.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith(f"| all | {len(kept)} | ")
    assert float(lines[2].split("|")[3]) < 4  # the astronauts were labelled by lean68
    assert lines[3].startswith(f"| set {table.parent.name} | {len(kept)} | ")
    assert any(line.startswith("| ITA ") for line in lines)
    assert not any(line.startswith("| age ") for line in lines)

    ages = table.parent / "ages.csv"
    ages.write_text(f"file,age\n{'/'.join(kept[0].path.parts[-3:])},adult\n")
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--ages", str(ages)])
    groups.main()
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("| age adult | 1 | ") for line in lines)
    assert any(line.startswith(f"| age not known | {len(kept) - 1} | ") for line in lines)
    ages.write_text("file\na.png\n")
    with pytest.raises(ValueError, match="expected rows of file,age"):
        groups.main()


def test_gaps_do_not_count(table: Path) -> None:
    faces = read_dataset(table, 68)[:2]
    model = read_model(find_model("slim68"))
    whole = groups.face_errors(model, faces)
    gaps = [replace(face, landmarks=face.landmarks.copy()) for face in faces]
    for face in gaps:
        face.landmarks[36:42] = np.nan
    assert groups.face_errors(model, gaps) == pytest.approx(whole, rel=0.5)


def test_a_table_of_another_run_is_refused(table: Path) -> None:
    training = {"data": [{"sha256": "ab12"}], "validation_fraction": 0.1}
    with pytest.raises(ValueError, match=r"expected a table that the model was trained on, got "):
        validation_faces(training, [table])
