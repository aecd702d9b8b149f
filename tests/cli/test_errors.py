"""Errors are one clear line that says what was expected, what came, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict.cli.main import main
from danpredict.error_boundary import run_program

from ..conftest import Image
from ..faces import write_dataset
from ..program import claiming, command, refused


@pytest.fixture(scope="module")
def mess(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """A folder with something wrong of every kind."""
    folder = tmp_path_factory.mktemp("mess")
    write_dataset(folder / "set", astronaut, np.full((68, 2), 200.0), count=1)
    write_dataset(folder / "huge", astronaut, np.full((68, 2), 200.0), count=1)
    (folder / "huge" / "face_000.png").write_bytes(claiming(100_000))
    (folder / "empty").mkdir()
    (folder / "bad.dan").write_bytes(b"no model")
    (folder / "list.json").write_text("[[1, 2, 3, 4]]")
    (folder / "dict.json").write_text('{"set/face_000.png": {"left": 1}}')
    (folder / "short.json").write_text('{"set/face_000.png": [1, 2]}')
    (folder / "nan.json").write_text('{"set/face_000.png": [1, 2, NaN, 4]}')
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "odd.xml").write_text("<?xml version='1.0' encoding='klingon'?><dataset/>")
    header = ",".join(["file", *(f"{a}{i}" for i in range(68) for a in "xy")])
    (folder / "long.csv").write_text(f"{header}\n{'a' * 200_000}{',1' * 136}\n")
    (folder / "outside.csv").write_text(f"{header}\n../secret.png{',1' * 136}\n")
    (folder / "v.mp4").write_bytes(b"no video")
    (folder / "list.ffconcat").write_text("ffconcat version 1.0\nfile set/face_000.png\n")
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nv.mp4\n")
    (folder / "odd.toml").write_text("convention = [")
    cv2.imwrite(str(folder.parent / "secret.png"), np.zeros((9, 9), np.uint8))
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.mp4")
    return folder


IBUG = ["--from", "ibug68", "--to", "ibug68", "--out", "o.csv"]


# The command line, and a part of the line that answers it.
BAD: list[tuple[list[str], str]] = [
    (["info", "lean86"], "Did you mean 'lean68'?"),
    (["info", ""], "shipped models"),
    (["info", "bad.dan"], "expected a danpredict model file"),
    (["evaluate", "bad.dan", "set"], "expected a danpredict model file"),
    (["evaluate", "slim68", "empty"], "found none in empty"),
    (["evaluate", "slim68", "huge"], "OpenCV refuses huge/face_000.png"),
    (["evaluate", "slim68", "long.csv"], "field larger than field limit"),
    (["evaluate", "slim68", "outside.csv"], "expected pictures in the folder"),
    (["evaluate", "slim68", "odd.xml"], "expected imglab XML, got odd.xml"),
    (["evaluate", "slim68", "set", "--boxes", "list.json"], "list.json"),
    (["evaluate", "slim68", "set", "--boxes", "dict.json"], "dict.json"),
    (["evaluate", "slim68", "set", "--boxes", "short.json"], "short.json"),
    (["evaluate", "slim68", "set", "--boxes", "nan.json"], "not finite"),
    (["evaluate", "slim68", "set", "--boxes", "deep.json"], "deep.json"),
    (["evaluate", "slim68", "set", "--out", "o.txt"], "ends in .json"),
    (["relabel", "slim68", "long.csv", "--out", "o.csv"], "field larger than field limit"),
    (["relabel", "slim68", "set", "--out", "o.json"], "ends in .csv"),
    (["relabel", "slim68", "set", "--out", "empty/o.csv"], "expected pictures in the folder"),
    (["export", "bad.dan", "--int8", "set", "--out", "o.dan"], "expected a danpredict model file"),
    (["export", "slim68", "--int8", "set", "--out", "o.onnx"], "ends in .dan"),
    (["convert", "odd.xml", *IBUG], "odd.xml"),
    (["convert", "long.csv", *IBUG], "field larger than field limit"),
    (["convert", "nowhere.csv", *IBUG], "found no nowhere.csv"),
    (["convert", "deep.json", *IBUG], "deep.json"),
    (["convert", "list.json", *IBUG], "list.json"),
    (["calibrate", "dlob", "set"], "Did you mean 'dlib'?"),
    (["align", "set", "--out", "c", "--detector", "dlob"], "Did you mean 'dlib'?"),
    (["align", "set", "--out", "c", "--model", "bad.dan"], "expected a danpredict model file"),
    (["align", "set", "--out", "c", "--template", "arcade"], "arcade"),
    (["align", "set", "--out", "bad.dan"], "bad.dan"),
    (["predict", "nowhere.jpg"], "expected a photo, a folder or a pattern"),
    (["predict", "set/*.gif"], "found none that match set/*.gif"),
    (["predict", "empty"], "found none in empty"),
    (["predict", "set", "--detector", "dlob"], "Did you mean 'dlib'?"),
    (["predict", "set", "--model", "bad.dan"], "expected a danpredict model file"),
    (["predict", "set", "--convention", "ibug86"], "'ibug86'"),
    (["predict", "set", "--csv", "empty"], "got the folder empty"),
    (["predict", "set", "--json", "nowhere/o.jsonl"], "found no nowhere"),
    (["predict", "set", "--csv", "set/face_000.png"], "would overwrite the input"),
    (["predict", "set", "--draw", "set"], "does not contain the pictures"),
    (["predict", "set", "--draw", "bad.dan"], "bad.dan"),
    (["predict", "huge", "--csv", "o.csv"], "1 of 1 photos failed"),
    (["track", "v.mp4", "--json", "o.jsonl"], "expected a video (MP4"),
    (["track", "list.ffconcat", "--json", "o.jsonl"], "ffconcat"),
    (["track", "list.m3u8", "--json", "o.jsonl"], "EXTM3U"),
    (["track", "pipe.mp4", "--json", "o.jsonl"], "a device or a pipe"),
    (["track", "/dev/zero", "--json", "o.jsonl"], "a device or a pipe"),
    (["track", "empty", "--json", "o.jsonl"], "a folder"),
    (["train", "set", "--out", "bad.dan"], "got the file bad.dan"),
    (["train", "set", "--out", "run", "--config", "odd.toml"], "odd.toml"),
    (["train", "set", "--out", "run", "--config", "fat"], "'fat'"),
    (["train", "set", "--out", "run", "--init", "lean86"], "Did you mean 'lean68'?"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(w)[:40] for w, _ in BAD])
def test_every_command_answers_bad_input_with_one_line(
    words: list[str],
    said: str,
    mess: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(mess)
    assert main(words) == 2
    error = capfd.readouterr().err
    line = error.splitlines()[-1]  # after progress bars
    assert line.startswith("danpredict: ")
    assert said in line
    assert "Traceback" not in error
    assert "unexpected" not in line
    assert not list(mess.rglob(".danpredict-*"))


@pytest.mark.parametrize(
    "words",
    [
        ["info", "bad.dan"],
        ["evaluate", "slim68", "huge"],
        ["track", "v.mp4", "--json", "o.jsonl"],
        ["align", "set", "--out", "c", "--model", "bad.dan", "--processes", "2"],
        ["align", "set", "--out", "c", "--detector", "dlib-cnn", "--weights", "bad.dan"],
    ],
)
def test_the_real_program_prints_one_line(words: list[str], mess: Path) -> None:
    assert refused(*words, folder=mess).startswith("danpredict: ")


def test_worker_processes_print_no_tracebacks(tmp_path: Path, astronaut: Image) -> None:
    """Pictures that claim to be huge, in two processes, without dlib's help."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(9):
        (folder / f"{i}.png").write_bytes(claiming(100_000))
    cv2.imwrite(str(folder / "good.png"), astronaut[:300, 60:400, ::-1])
    words = ["align", "photos", "--out", "c", "--processes", "2"]
    result = subprocess.run(
        command(*words), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.count("OpenCV refuses") == 9
    assert "9 of 10 pictures failed" in result.stderr.splitlines()[-1]
    assert "1 faces of 10 pictures" in result.stdout


def test_missing_dlib_names_the_command(tmp_path: Path, astronaut: Image) -> None:
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "a.png"), astronaut)
    (tmp_path / "dlib.py").write_text("raise ModuleNotFoundError(name='dlib')")
    line = refused("align", "photos", "--out", "c", folder=tmp_path)
    assert "pip install 'danpredict[dlib-bin]'" in line


def test_missing_extras_name_the_command(tmp_path: Path) -> None:
    for module, words in (
        ("torch", ["train", ".", "--out", "run"]),
        ("onnx", ["export", "slim68", "--int8", ".", "--out", "o.dan"]),
    ):
        folder = tmp_path / module
        folder.mkdir()
        (folder / f"{module}.py").write_text(f"raise ModuleNotFoundError(name={module!r})")
        assert "pip install 'danpredict[torch]'" in refused(*words, folder=folder)


def test_debug_shows_the_traceback(mess: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--debug", "info", "lean86"], ["info", "lean86", "--debug"]):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert "Traceback" in error
        assert error.splitlines()[-1].startswith("danpredict: Unable to open")


def test_unexpected_errors_are_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise KeyError("x\ny")

    assert run_program("program", fail) == 2
    error = capsys.readouterr().err
    assert error == "program: KeyError: 'x\\ny' (unexpected; --debug shows where)\n"


def test_a_reader_that_goes_is_no_error(tmp_path: Path) -> None:
    code = f"{sys.executable} -m danpredict info | head -c 1"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {code}"], capture_output=True, text=True, check=False
    )
    assert result.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_standard_output_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            command("info"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    assert "No space left" in result.stderr
