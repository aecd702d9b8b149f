"""`danpredict predict` writes what the predictor finds, repeats nothing and loses nothing."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

import danpredict
from danpredict import DANShapePredictor
from danpredict.batch.find import DRAW_LOG
from danpredict.cli.main import main
from danpredict.files.pictures import read_picture

from ..conftest import Image
from ..program import command, listed, refused_here
from .killing import start, wait_for_orphans

ROTATED_CLOCKWISE = 6  # of EXIF's tag `ORIENTATION`: rotate by 90 degrees to see it upright
ORIENTATION = 0x0112

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """Photos of several formats, one rotated, one without a face and one that is none."""
    photos = tmp_path_factory.mktemp("predict") / "photos"
    (photos / "deep").mkdir(parents=True)
    small = np.ascontiguousarray(astronaut[:280, 60:360])
    PillowImage.fromarray(small).save(photos / "a.png")
    PillowImage.fromarray(astronaut[:300, 400:50:-1]).save(photos / "b.jpg", quality=95)
    PillowImage.fromarray(small[:, ::-1]).save(photos / "deep" / "c.tga")
    exif = PillowImage.Exif()
    exif[ORIENTATION] = ROTATED_CLOCKWISE
    PillowImage.fromarray(np.rot90(small)).save(photos / "turned.jpg", quality=95, exif=exif)
    PillowImage.fromarray(np.zeros((60, 60), np.uint8)).save(photos / "nobody.webp")
    (photos / "broken.jpg").write_bytes(b"no picture")
    (photos / "notes.txt").write_text("no picture")
    (photos / "raw.nef").write_bytes(b"unread")
    return photos


@pytest.fixture
def run(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Runs ``danpredict predict`` beside a copy of the photos: exit code, output and errors."""
    shutil.copytree(folder, tmp_path / "photos", symlinks=True)
    monkeypatch.chdir(tmp_path)

    def predict(*words: str) -> tuple[int, str, str]:
        code = main(["predict", *words, "--jobs", "1"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return predict


def json_lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def columns(row: dict[str, str], *names: str) -> list[float]:
    return [float(row[name]) for name in names]


def read_now(output: str) -> int:
    match = re.search(r"photos read now: (\d+)", output)
    assert match
    return int(match[1])


# -- contents ----------------------------------------------------------------------------------


def test_the_files_hold_what_the_predictor_finds(run: Run, predictor: DANShapePredictor) -> None:
    code, output, errors = run("photos", "--csv", "f.csv", "--json", "f.jsonl")
    assert code == 2
    assert "6 photos, 4 faces" in output
    assert ".nef (1)" in output
    said = [line for line in errors.splitlines() if line.strip()]
    assert [line.split(":")[0] for line in said[-2:]] == ["  photos/broken.jpg", "danpredict"]
    assert "1 of 6 photos failed" in said[-1]
    rows, lines = table("f.csv"), json_lines("f.jsonl")
    assert [line["file"] for line in lines] == [
        f"photos/{name}" for name in ("a.png", "b.jpg", "deep/c.tga", "nobody.webp", "turned.jpg")
    ]
    for line in lines:
        image = read_picture(Path(line["file"]), upright=True)
        assert [line["height"], line["width"]] == list(image.shape[:2])
        found = danpredict.find_faces(image, predictor=predictor)
        cells = [row for row in rows if row["file"] == line["file"]]
        assert len(found) == len(cells) == len(line["faces"]) == (line["file"][-4:] != "webp")
        for number, (det, face, row) in enumerate(zip(found, line["faces"], cells, strict=True)):
            assert row["face"] == str(number)
            check_face(det, face, row)


def check_face(det: Any, face: dict[str, Any], row: dict[str, str]) -> None:
    """A face in JSON and CSV equals the detection, but for rounding."""
    box = [det.rect.left(), det.rect.top(), det.rect.right(), det.rect.bottom()]
    assert face["box"] == columns(row, "left", "top", "right", "bottom") == box
    assert face["confidence"] == pytest.approx(det.confidence, abs=1e-4)
    np.testing.assert_allclose(face["landmarks"], det.landmarks, atol=6e-4)
    np.testing.assert_allclose(face["sigma"], det.sigma, atol=6e-4)
    pose = det.head_pose()
    angles = [face["pose"][name] for name in ("yaw", "pitch", "roll")]
    np.testing.assert_allclose(angles, (pose.yaw, pose.pitch, pose.roll), atol=6e-3)
    np.testing.assert_allclose(face["pose"]["std"], pose.std, atol=6e-3)
    ratios = [face["openness"][name] for name in ("eye_right", "eye_left", "mouth")]
    np.testing.assert_allclose(ratios, (*det.eye_openness, det.mouth_openness), atol=6e-5)
    assert columns(row, "confidence", "yaw", "pitch", "roll", "eye_right", "eye_left", "mouth") == [
        face["confidence"], *angles, *ratios,
    ]  # fmt: skip
    names = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    assert columns(row, *names) == np.ravel(face["landmarks"]).tolist()
    assert columns(row, *(f"sigma{i}" for i in range(68))) == face["sigma"]


def test_exif_orientation_is_respected(run: Run) -> None:
    assert run("photos/a.png", "photos/turned.jpg", "--json", "f.jsonl")[0] == 0
    upright, turned = (np.array(line["faces"][0]["landmarks"]) for line in json_lines("f.jsonl"))
    assert np.linalg.norm(upright - turned, axis=1).max() < 1.5  # of JPEG


def test_other_conventions_have_their_own_columns(run: Run) -> None:
    words = ["photos/a.png", "--convention", "dlib5", "--csv", "f.csv", "--json", "f.jsonl"]
    assert run(*words)[0] == 0
    ((line,), (row,)) = json_lines("f.jsonl"), table("f.csv")
    assert list(row) == [
        "file", "face", "left", "top", "right", "bottom", "confidence",
        *(f"{axis}{i}" for i in range(5) for axis in "xy"), *(f"sigma{i}" for i in range(5)),
    ]  # fmt: skip
    assert set(line["faces"][0]) == {"box", "confidence", "landmarks", "sigma"}
    assert np.shape(line["faces"][0]["landmarks"]) == (5, 2)


def test_landmarks_that_a_convention_lacks_are_empty(run: Run) -> None:
    words = ["photos/a.png", "--convention", "wflw98", "--csv", "f.csv", "--json", "f.jsonl"]
    assert run(*words)[0] == 0
    ((line,), (row,)) = json_lines("f.jsonl"), table("f.csv")
    assert [None, None] in line["faces"][0]["landmarks"]
    values = [value for point in line["faces"][0]["landmarks"] for value in point]
    cells = [row[f"{axis}{i}"] for i in range(98) for axis in "xy"]
    assert cells == ["" if value is None else str(value) for value in values]
    assert "nan" not in Path("f.csv").read_text().lower() + Path("f.jsonl").read_text().lower()


def test_without_outputs_a_line_for_each_face(run: Run, tmp_path: Path) -> None:
    before = listed(tmp_path)
    code, output, _ = run("photos/a.png", "photos/nobody.webp")
    assert code == 0
    face, nobody, summary = output.splitlines()
    assert re.fullmatch(
        r"photos/a.png, face 0: left \d+, top \d+, right \d+, bottom \d+, confidence 0.99, "
        r"yaw -?\d+, pitch -?\d+, roll -?\d+", face
    )  # fmt: skip
    assert nobody == "photos/nobody.webp: no face"
    assert summary.startswith("2 photos, 1 faces, ")
    assert listed(tmp_path) == before


# -- drawing -----------------------------------------------------------------------------------


def test_drawn_copies(run: Run, predictor: DANShapePredictor, tmp_path: Path) -> None:
    assert run("photos", "--draw", "photos/drawn", "--csv", "photos/drawn/f.csv")[0] == 2
    names = set(listed(tmp_path / "photos" / "drawn"))
    pictures = {"a.png", "b.jpg", "deep/c.tga.png", "nobody.webp.png", "turned.jpg"}
    assert names == {*pictures, DRAW_LOG, "f.csv"}
    image = read_picture(Path("photos/a.png"))
    faces = danpredict.find_faces(image, predictor=predictor)
    drawn = read_picture(Path("photos/drawn/a.png"))
    np.testing.assert_array_equal(drawn, danpredict.draw(image, faces))
    assert (drawn != image).any()
    turned = read_picture(Path("photos/drawn/turned.jpg"))
    assert turned.shape == image.shape  # upright
    # Neither this run's own copies nor those of an earlier one are photos.
    for out in ("photos/drawn", "photos/others"):
        _, output, _ = run("photos", "--draw", out)
        assert "6 photos, 4 faces" in output


def test_drawing_never_overwrites_a_photo_or_a_foreign_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    shutil.copy("photos/b.jpg", "mine/a.png")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "a.png").symlink_to(tmp_path / "photos" / "a.png")
    before = listed(tmp_path)
    for words, said in (
        (["photos/a.png", "--draw", "photos"], "would overwrite an input"),
        (["photos/a.png", "--draw", "linked"], "would overwrite an input"),
        (["photos/a.png", "--draw", "mine"], "no earlier run drew this file"),
        (["photos", "--draw", "."], "does not contain the pictures"),
        (["photos", "--csv", "photos/a.png"], "would overwrite the input"),
        (["photos", "--csv", "o.csv", "--json", "o.csv"], "expected different outputs"),
    ):
        assert said in refused_here("predict", *words, folder=tmp_path)
        assert listed(tmp_path) == before


# -- resuming ----------------------------------------------------------------------------------


def test_only_what_has_changed_is_done_again(run: Run, tmp_path: Path) -> None:
    words = ["photos", "--csv", "f.csv", "--json", "f.jsonl", "--draw", "drawn"]

    def again(*more: str) -> int:
        return read_now(run(*words, *more)[1])

    assert again() == 6
    before = listed(tmp_path)
    assert again() == 1  # the broken one
    assert listed(tmp_path) == before
    Path("drawn/b.jpg").unlink()
    Path("f.csv").unlink()
    assert again() == 2
    assert listed(tmp_path) == before
    shutil.copy("photos/nobody.webp", "photos/a.png")
    assert again() == 2
    assert [len(line["faces"]) for line in json_lines("f.jsonl")] == [0, 1, 1, 0, 1]
    Path("photos/broken.jpg").unlink()
    assert again("--model", "slim68") == 5
    assert again("--model", "slim68") == 0
    Path("photos/a.png").unlink()
    assert again("--model", "slim68") == 0
    assert json_lines("f.jsonl")[0]["file"] == "photos/b.jpg"
    assert len(table("f.csv")) == 3


def test_the_log_of_something_else_stays(run: Run, tmp_path: Path) -> None:
    Path("f.csv.log").write_text("my own notes")
    line = refused_here("predict", "photos", "--csv", "f.csv", folder=tmp_path)
    assert "expected the log of an earlier run in f.csv.log" in line
    assert Path("f.csv.log").read_text() == "my own notes"


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="finds the processes of a group in /proc"
)
def test_killed_and_started_again(tmp_path: Path, astronaut: Image) -> None:
    """In two processes; the bytes are those of an uninterrupted run in one process."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(24):
        moved = np.ascontiguousarray(np.roll(astronaut, i, 1)[20:260, 100:380])
        PillowImage.fromarray(moved).save(photos / f"{i:02}.png", compress_level=1)
    words = ["predict", str(photos), "--jobs", "2", "--model", "slim68"]

    def outputs(name: str) -> list[str]:
        out = tmp_path / name
        out.mkdir(exist_ok=True)
        files = {"--csv": out / "f.csv", "--json": out / "f.jsonl", "--draw": out / "drawn"}
        return [str(word) for pair in files.items() for word in pair]

    process = start(command(*words, *outputs("killed")))
    log = tmp_path / "killed" / "drawn" / DRAW_LOG

    def done() -> int:
        return log.read_text("utf-8").count('"stamp"') if log.exists() else 0

    deadline = time.monotonic() + 90
    while done() < 3 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for_orphans(process.pid)
    kept = done()
    assert 3 <= kept < 24
    assert not (tmp_path / "killed" / "f.csv").exists()
    assert main([*words, *outputs("killed")]) == 0
    lines = log.read_text("utf-8").splitlines()
    assert len(lines) == 24
    words[words.index("2")] = "1"
    assert main([*words, *outputs("whole")]) == 0
    assert listed(tmp_path / "killed") == listed(tmp_path / "whole")
