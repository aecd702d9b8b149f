"""Files are written whole or not at all, also on a full disk."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from danpredict import DANShapePredictor, models
from danpredict.files.outputs import check_outputs, replacing, write_bytes, write_text
from danpredict.model.zoo import find_model

from ..conftest import Image
from ..program import listed, refused_here, write_video

SMALLEST = min(models(), key=lambda name: find_model(name).stat().st_size)


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
        line = refused_here(*arguments, folder=tmp_path)
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
    line = refused_here("track", "v.mp4", "--json", full_disk / "old.jsonl", folder=tmp_path)
    assert "No space left" in line
    assert listed(full_disk) == before


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
        refused_here("convert", "in.json", *options, folder=tmp_path)
        assert listed(tmp_path) == before, (name, suffix)
