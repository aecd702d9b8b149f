"""Data is never lost: no output over an input, whole files or none, and align keeps faces apart."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor, models
from danpredict.cli.main import main
from danpredict.files.outputs import check_outputs, replacing, write_bytes, write_text
from danpredict.model.zoo import find_model
from danpredict.video.files import Video, video_output

from ..conftest import Image
from ..faces import write_dataset
from ..program import listed, refused, run_program, write_video

SMALLEST = min(models(), key=lambda name: find_model(name).stat().st_size)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """Twelve frames of the astronaut."""
    path = tmp_path_factory.mktemp("clip") / "v.mp4"
    write_video(path, [np.ascontiguousarray(np.roll(astronaut, i, 1)) for i in range(12)])
    return path


# -- the writer --------------------------------------------------------------------------------


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old\n")

    def fail() -> None:
        with replacing(path) as temporary:
            assert temporary.suffix == ".txt"
            temporary.write_text("new and incompl")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail()
    assert listed(tmp_path) == {"a.txt": b"old\n"}
    write_bytes(path, b"new")
    assert listed(tmp_path) == {"a.txt": b"new"}


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_links_and_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    write_text(path, "old")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    path.chmod(0o640)
    link.symlink_to(path)
    write_text(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_devices_pipes_and_folders_are_no_targets(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dan")
    for path in (tmp_path / "pipe.dan", Path("/dev/null")):
        with pytest.raises(ValueError, match="a device or a pipe"):
            check_outputs([path])
        with pytest.raises(ValueError, match="a device or a pipe"):
            write_bytes(path, b"")
        with pytest.raises(RuntimeError, match="Error serializing"):
            DANShapePredictor(SMALLEST).save(path)
    with pytest.raises(OSError, match="a file to write to"):
        check_outputs([tmp_path])
    assert Path("/dev/null").is_char_device()


def test_outputs_are_checked_through_links_and_other_spellings(tmp_path: Path) -> None:
    given = tmp_path / "a.csv"
    given.write_text("x")
    (tmp_path / "soft.csv").symlink_to(given)
    os.link(given, tmp_path / "hard.csv")
    (tmp_path / "b").mkdir()
    for spelling in ("a.csv", "soft.csv", "hard.csv", "b/../a.csv"):
        with pytest.raises(ValueError, match="would overwrite the input"):
            check_outputs([tmp_path / spelling], [given])
    with pytest.raises(ValueError, match="different outputs"):
        check_outputs([tmp_path / "new.csv", tmp_path / "b" / ".." / "new.csv"], [given])
    with pytest.raises(ValueError, match="found no"):
        check_outputs([tmp_path / "nowhere" / "a.csv"])
    check_outputs([tmp_path / "new.csv", tmp_path / "b" / "new.csv"], [given])


# -- outputs that are inputs -------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ["--out", "v.mp4"],
        ["--json", "v.mp4"],
        ["--out", "o.mp4", "--json", "./o.mp4"],
        ["--out", "linked.mp4"],
        ["--model", "m.dan", "--json", "m.dan"],
    ],
)
def test_track_never_writes_over_what_it_reads(
    options: list[str], clip: Path, tmp_path: Path
) -> None:
    shutil.copy(clip, tmp_path / "v.mp4")
    shutil.copy(find_model(SMALLEST), tmp_path / "m.dan")
    (tmp_path / "linked.mp4").symlink_to("v.mp4")
    before = listed(tmp_path)
    line = refused("track", "v.mp4", *options, folder=tmp_path)
    assert "would overwrite the input" in line or "expected different outputs" in line
    assert listed(tmp_path) == before


def test_no_command_writes_over_what_it_reads(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(dataset, folder)
    model = shutil.copy(find_model("slim68"), tmp_path / "m.dan")
    table = folder / "table.csv"
    header = ",".join(["file", *(f"{a}{i}" for i in range(68) for a in "xy")])
    table.write_text(f"{header}\nface_000.png{',1' * 136}\n")
    boxes = folder / "face_001.json"
    boxes.write_text('{"face_001.png": [170, 80, 270, 180]}')
    before = listed(tmp_path)
    convert = ["--from", "ibug68", "--to", "ibug68", "--out"]
    for arguments in (
        ["convert", table, *convert, table],
        ["convert", folder / "face_000.pts", *convert, folder / "face_000.pts"],
        ["relabel", "slim68", table, "--out", table],
        ["evaluate", "slim68", folder, "--boxes", boxes, "--out", boxes],
        ["evaluate", "slim68", folder, "--out", folder / "face_002.json"],  # and face_002.png
        ["export", model, "--int8", folder, "--out", model],
        ["train", folder, "--out", tmp_path / "run", "--init", tmp_path / "run" / "model.dan"],
    ):
        if "--init" in arguments:
            (tmp_path / "run").mkdir()
            shutil.copy(model, tmp_path / "run" / "model.dan")
            before = listed(tmp_path)
        assert "would overwrite the input" in refused(*arguments, folder=tmp_path), arguments
        assert listed(tmp_path) == before, arguments


def test_a_predictor_trained_on_a_file_is_not_written_over_it(tmp_path: Path) -> None:
    from danpredict import train_shape_predictor

    (tmp_path / "faces.xml").write_text("<dataset/>")
    with pytest.raises(ValueError, match="would overwrite the input"):
        train_shape_predictor(tmp_path / "faces.xml", tmp_path / "faces.xml")


# -- full disks --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 256 kB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("needs the right to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def full_disk(small_disk: Path) -> Iterator[Path]:
    """The same with 20 kB left, and an old file of each kind on it."""
    for suffix in ("mp4", "jsonl", "csv", "dan"):
        (small_disk / f"old.{suffix}").write_text("old")
    (small_disk / "ballast").write_bytes(bytes(200_000))
    yield small_disk
    for path in small_disk.iterdir():
        path.unlink()


def test_full_disks_end_in_exit_code_2_and_leave_old_files_whole(
    full_disk: Path, tmp_path: Path, rng: np.random.Generator
) -> None:
    noisy = tmp_path / "noisy.mp4"
    noise = rng.integers(0, 256, (20, 320, 480, 3), np.uint8)
    write_video(noisy, list(noise))
    table = tmp_path / "many.csv"
    header = ",".join(["file", *(f"{a}{i}" for i in range(68) for a in "xy")])
    table.write_text(header + "\n" + f"a.png{',123.4567' * 136}\n" * 200)
    before = listed(full_disk)
    for arguments in (
        ["track", noisy, "--out", full_disk / "old.mp4"],
        ["track", noisy, "--out", full_disk / "new.mp4"],
        ["convert", table, "--from", "ibug68", "--to", "ibug68", "--out", full_disk / "old.csv"],
    ):
        line = refused(*arguments, folder=tmp_path)
        assert "disk may be full" in line or "No space left" in line, (arguments, line)
        assert listed(full_disk) == before, arguments
    with pytest.raises(RuntimeError, match="Error serializing"):
        DANShapePredictor(SMALLEST).save(full_disk / "old.dan")
    assert listed(full_disk) == before


def test_long_tables_of_a_track_on_a_full_disk(
    full_disk: Path, astronaut: Image, tmp_path: Path
) -> None:
    """JSON lines are written through a buffer: the disk may say that it is full only at the end."""
    write_video(tmp_path / "v.mp4", [astronaut] * 40)
    before = listed(full_disk)
    line = refused("track", "v.mp4", "--json", full_disk / "old.jsonl", folder=tmp_path)
    assert "No space left" in line
    assert listed(full_disk) == before


def test_videos_that_cannot_be_read_back_are_not_kept(tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / "v.mp4"

    def write(*frames: Image) -> None:
        with video_output(path, 25) as output:
            for frame in frames:
                output.write(frame)

    with pytest.raises(OSError, match="1 of 2 frames"):
        write(astronaut, astronaut[:100])  # of another size: OpenCV drops it and does not say so
    with pytest.raises(ValueError, match="got none"):
        write()
    assert not listed(tmp_path)


# -- convert -----------------------------------------------------------------------------------


def test_convert_writes_nothing_that_it_could_not_read(tmp_path: Path) -> None:
    face = [[[float(i), float(i)] for i in range(68)]]
    for name, faces, suffix in (
        ("a\x01.png", face, "xml"),  # no character of XML
        ("a.png", [[[1e7, 1.0]] * 68], "xml"),  # beyond what the reader takes
        ("a.png", [[[None, None]] * 68], "xml"),  # no landmark at all
        ("a.png", face * 2, "pts"),  # two faces
        ("a\ud800.png", face, "csv"),  # half a character
    ):
        source = tmp_path / "in.json"
        source.write_text(json.dumps({name: faces}))
        before = listed(tmp_path)
        options = ["--from", "ibug68", "--to", "ibug68", "--out", f"out.{suffix}"]
        refused("convert", "in.json", *options, folder=tmp_path)
        assert listed(tmp_path) == before, (name, suffix)


# -- align -------------------------------------------------------------------------------------


class Aligner:
    """Runs ``danpredict align`` on ``photos`` in a folder, within this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def __call__(self, *options: str, out: str = "chips") -> tuple[str, dict[str, Any]]:
        """What is printed, and the log's rows by picture."""
        where = self.folder / out
        command = ["align", str(self.folder / "photos"), "--out", str(where), "--processes", "1"]
        assert main([*command, *options]) == 0
        rows = [json.loads(line) for line in (where / "align.jsonl").read_text().splitlines()]
        return self.capsys.readouterr().out, {row["picture"]: row for row in rows}


@pytest.fixture
def aligned(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> Aligner:
    return Aligner(tmp_path, capsys)


@pytest.fixture
def photos(tmp_path: Path, astronaut: Image) -> Path:
    """Three pictures of one name, two of them of the same person in mirror image, and others."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    small = np.ascontiguousarray(astronaut[:280, 60:360])
    cv2.imwrite(str(folder / "a.jpg"), small[..., ::-1])
    cv2.imwrite(str(folder / "a.png"), small[:, ::-1, ::-1])
    cv2.imwrite(str(folder / "deep" / "b.webp"), small[..., ::-1])
    cv2.imwrite(str(folder / "a.bmp"), np.zeros((50, 50, 3), np.uint8))  # nobody
    (folder / "c.heic").write_bytes(b"unread")
    return folder


def test_align_keeps_pictures_of_one_name_apart(aligned: Aligner, tmp_path: Path) -> None:
    output, rows = aligned()
    assert "3 faces of 4 pictures" in output
    assert "skipped" in output
    assert ".heic (1)" in output
    chips = {name: [face["chip"] for face in row["faces"]] for name, row in rows.items()}
    assert chips == {
        "a.bmp": [],
        "a.jpg": ["a.jpg/0.png"],
        "a.png": ["a.png/0.png"],
        "deep/b.webp": ["deep/b.webp/0.png"],
    }
    first, second = (cv2.imread(str(tmp_path / "chips" / f"a.{s}/0.png")) for s in ("jpg", "png"))
    assert first is not None
    assert second is not None
    assert np.abs(first.astype(int) - second).mean() > 5  # a face and its mirror image
    assert np.abs(first.astype(int) - second[:, ::-1]).mean() < 12


def test_align_makes_again_what_is_not_the_same_any_more(
    aligned: Aligner, photos: Path, tmp_path: Path
) -> None:
    aligned()
    output, _ = aligned()
    assert "pictures aligned now: 0" in output
    chip = tmp_path / "chips" / "a.jpg" / "0.png"
    before = chip.read_bytes()
    chip.unlink()
    output, _ = aligned()  # a chip that was deleted
    assert "pictures aligned now: 1" in output
    assert chip.read_bytes() == before
    output, _ = aligned("--size", "64")  # another option
    assert "pictures aligned now: 4" in output
    assert cv2.imread(str(chip)).shape == (64, 64, 3)  # type: ignore[union-attr]
    output, _ = aligned("--size", "64", "--model", "slim68")  # another model
    assert "pictures aligned now: 4" in output
    shutil.copy(photos / "a.bmp", photos / "a.jpg")  # another picture, without a face
    output, rows = aligned("--size", "64", "--model", "slim68")
    assert "pictures aligned now: 1" in output
    assert "2 faces of 4 pictures" in output
    assert rows["a.jpg"]["faces"] == []
    assert not chip.exists()  # or a face would stay that the log does not know


def test_align_never_takes_in_its_own_output(
    aligned: Aligner, photos: Path, tmp_path: Path
) -> None:
    output, _ = aligned(out="photos/chips")
    assert "of 4 pictures" in output
    for out in ("photos/chips", "photos/deep/../chips", str(photos.resolve() / "chips")):
        again, _ = aligned(out=out)
        assert "of 4 pictures are" in again
    (tmp_path / "linked").symlink_to(photos)
    again, _ = aligned(out="linked/chips")
    assert "of 4 pictures are" in again
    again, _ = aligned(out="photos/others")  # nor another run's
    assert "of 4 pictures are" in again
    for out in ("photos", ".", "linked"):
        line = refused("align", "photos", "--out", out, folder=tmp_path)
        assert "does not contain the pictures" in line


def test_frames_that_are_missing_are_said(clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    start = data.index(b"mdat") + 4
    place = start + (data.index(b"moov") - start) * 3 // 4 if data.index(b"moov") > start else None
    if place is None:
        pytest.skip("this OpenCV puts the index first")
    # The last quarter of the pictures is cut to zeros; the index still announces twelve.
    end = data.index(b"moov") - 4
    (tmp_path / "v.mp4").write_bytes(data[:place] + bytes(end - place) + data[end:])
    video = Video(tmp_path / "v.mp4")
    decoded = sum(1 for _ in video)
    assert video.frames == 12
    assert video.missing == 12 - decoded > 0
    ended = run_program("track", "v.mp4", "--json", "o.jsonl", folder=tmp_path)
    assert ended.code == 0
    assert f"announces 12 frames; {video.missing} could not be decoded" in ended.output


def test_a_dataset_is_not_written_into_its_own_pictures(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path / "set", astronaut, np.full((68, 2), 200.0), count=2)
    line = refused("evaluate", "slim68", "set", "--out", "set/face_001.json", folder=tmp_path)
    assert "would overwrite the input set/face_001.png" in line
