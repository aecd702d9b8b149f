"""Photos are found by files, folders and patterns, each once and sorted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from danpredict.batch.find import ALIGN_LOG, DRAW_LOG
from danpredict.landmarks.convention import convention
from danpredict.photos.drawn import drawn_names
from danpredict.photos.find import find_photos
from danpredict.photos.tables import write_csv

FILES = ("a.jpg", "b[1].PNG", "c.txt", "deep/d.webp", "deep/er/e.jpg", "chips/0.png", "drawn/a.jpg")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "photos" / "chips" / ALIGN_LOG).touch()
    (tmp_path / "photos" / "drawn" / DRAW_LOG).touch()
    (tmp_path / "photos" / ".danpredict-0f.png").touch()  # of a killed run
    monkeypatch.chdir(tmp_path)


ALL = ["photos/a.jpg", "photos/b[1].PNG", "photos/deep/d.webp", "photos/deep/er/e.jpg"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["photos"], ALL),
        (["photos/", "./photos/a.jpg", "photos/deep"], ALL),
        (["photos/deep", "photos/a.jpg"], [ALL[0], *ALL[2:]]),
        (["photos/*.jpg"], ALL[:1]),
        (["photos/b[1].PNG"], ALL[1:2]),
        (["photos/[a-c]*"], ALL[:2]),
        (["photos/deep/**/*.jpg"], ALL[3:]),
        (["photos/de*"], ALL[2:]),
        (["photos/c.txt"], ["photos/c.txt"]),  # its contents decide
    ],
)
def test_paths_of_all_kinds(paths: list[str], expected: list[str]) -> None:
    photos = find_photos(paths)
    found = [name for name in photos.files if "chips" not in name and "drawn" not in name]
    assert found == expected
    assert all(Path(name) == path for name, path in photos.files.items())


def test_outputs_are_no_photos_unless_they_are_named() -> None:
    assert list(find_photos(["photos"]).files) == ALL
    assert list(find_photos(["photos/chips"]).files) == ["photos/chips/0.png"]
    assert list(find_photos(["photos"], Path("photos/deep")).files) == ALL[:2]
    with pytest.raises(ValueError, match="does not contain the pictures"):
        find_photos(["photos/deep"], Path("photos"))


@pytest.mark.parametrize("path", ["nowhere.jpg", "photos/*.gif", "nowhere/**", "photos/c.*"])
def test_nothing_found_is_an_error(path: str) -> None:
    with pytest.raises(FileNotFoundError, match="found no"):
        find_photos([path])


def test_drawn_copies_keep_their_places() -> None:
    photos = find_photos(["photos"])
    assert list(drawn_names(photos).values()) == [
        "a.jpg", "b[1].PNG", "deep/d.webp.png", "deep/er/e.jpg",
    ]  # fmt: skip
    assert drawn_names(find_photos(["photos/deep/er/e.jpg"])) == {ALL[3]: "e.jpg"}
    several = find_photos(["photos/deep/er/e.jpg", "photos/*.jpg"])
    assert drawn_names(several) == {ALL[0]: "a.jpg", ALL[3]: "deep/er/e.jpg"}
    Path("photos/deep/d.webp.png").touch()
    with pytest.raises(ValueError, match=r"would both be drawn as deep/d\.webp\.png"):
        drawn_names(find_photos(["photos"]))


@pytest.mark.skipif(os.name != "posix", reason="names of files are text elsewhere")
def test_names_that_are_no_text_keep_their_bytes(tmp_path: Path) -> None:
    rows = [{"picture": os.fsdecode(b"odd\xff.jpg"), "faces": [
        {"box": [0, 0, 9, 9], "confidence": None, "landmarks": [[1.5, None]] * 5, "sigma": None}
    ]}]  # fmt: skip
    write_csv(tmp_path / "f.csv", rows, convention("dlib5"))
    line = (tmp_path / "f.csv").read_bytes().splitlines()[1]
    assert line == b"odd\xff.jpg,0,0,0,9,9,," + b"1.5,," * 5 + b",,,,"
