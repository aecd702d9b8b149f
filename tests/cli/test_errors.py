"""Errors are one clear line that says what was expected, what came, and what to do."""

from __future__ import annotations

import datetime
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import danpredict
from danpredict import DANShapePredictor, FaceBox, Tracker, face_box
from danpredict.cli.main import main
from danpredict.datasets.dataset import read_dataset
from danpredict.dlib_compat.detection import Detection
from danpredict.error_boundary import run_program
from danpredict.files.pictures import read_picture
from danpredict.video.files import Video

from ..conftest import ROOT, Image
from ..faces import write_dataset
from ..program import command, refused, write_video


def claiming(side: int) -> bytes:
    """A PNG of a few bytes that claims to be side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


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


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("compare.py", ["--image", "nowhere.jpg"]),
        ("compare.py", ["--image", "set", "--out", "set/face_000.png"]),
        ("compare.py", ["--model", "lean86"]),
        ("limits.py", ["--model", "lean86"]),
        ("limits.py", ["--out", "nowhere/a.png"]),
        ("how_it_works.py", ["--model", "lean86"]),
        ("jitter.py", ["list.m3u8"]),
        ("webcam.py", ["list.m3u8"]),
        ("align_for_recognition.py", ["nowhere"]),
    ],
)
def test_examples_answer_alike(
    script: str, words: list[str], mess: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("face_recognition_models")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    line = refused(*words, folder=mess, script=ROOT / "examples" / script)
    assert line.startswith(f"{script}: ")


@pytest.mark.parametrize(
    ("script", "module", "extra"),
    [
        ("jitter.py", "dlib", "danpredict[dlib-bin]"),
        ("align_for_recognition.py", "dlib", "danpredict[dlib-bin]"),
        ("folder_on_ray.py", "ray", "danpredict[ray,dlib-bin]"),
        ("how_it_works.py", "torch", "danpredict[torch]"),
    ],
)
def test_examples_name_what_they_lack(
    script: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError(name={module!r})")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    line = refused("x.mp4", folder=tmp_path, script=ROOT / "examples" / script)
    assert line.startswith(f"{script}: needs {module}: pip install '{extra}'")


# -- tables --------------------------------------------------------------------------------------


def test_tables_with_a_byte_order_mark_just_work(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path, astronaut, np.full((2, 2), 200.0), count=1)
    text = "\ufefffile,x0,y0,x1,y1\nface_000.png,1,2,3,4\n"
    (tmp_path / "t.csv").write_text(text, "utf-8")
    (face,) = read_dataset(tmp_path / "t.csv", 2)
    np.testing.assert_array_equal(face.landmarks, [[1, 2], [3, 4]])
    boxes = '\ufeff{"face_000.png": [1, 2, 3, 4]}'
    (tmp_path / "b.json").write_text(boxes, "utf-8")
    (face,) = read_dataset(tmp_path, 2, tmp_path / "b.json")
    assert face.box == (1, 2, 3, 4)


def test_tables_name_no_pictures_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    cv2.imwrite(str(secret), np.zeros((9, 9), np.uint8))
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "linked.png").symlink_to(secret)
    for name in ("../secret.png", str(secret), "linked.png"):
        (folder / "t.csv").write_text(f"file,x0,y0\n{name},1,2\n")
        with pytest.raises(ValueError, match="expected pictures in the folder"):
            read_dataset(folder / "t.csv", 1)
        (folder / "t.xml").write_text(
            f"<dataset><image file='{name}'><box top='1' left='1' width='2' height='2'>"
            "<part name='0' x='1' y='1'/></box></image></dataset>"
        )
        with pytest.raises(ValueError, match="expected pictures in the folder"):
            read_dataset(folder / "t.xml", 1)


@pytest.mark.parametrize("suffix", ["jpg", "jfif", "png", "bmp", "webp", "tiff", "jp2", "ppm"])
def test_pictures_of_many_formats_are_read(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    kind = {"jfif": ".jpg"}.get(suffix, f".{suffix}")
    (tmp_path / f"a.{suffix}").write_bytes(cv2.imencode(kind, astronaut[..., ::-1])[1].tobytes())
    (tmp_path / "a.pts").write_text("version: 1\nn_points: 1\n{\n2 2\n}\n")
    (face,) = read_dataset(tmp_path, 1)
    assert np.abs(face.picture().astype(int) - astronaut).mean() < 12


# -- images, boxes and models --------------------------------------------------------------------


def test_images_that_are_none_name_the_cause(predictor: DANShapePredictor, rect: Any) -> None:
    with pytest.raises(TypeError, match=r"None\. cv2\.imread returns None if"):
        predictor(cv2.imread("nowhere.jpg"), rect)


def test_pictures_of_pillow_that_are_broken(predictor: DANShapePredictor, rect: Any) -> None:
    from PIL import Image as Pillow

    data = cv2.imencode(".png", np.zeros((99, 99, 3), np.uint8))[1].tobytes()
    closed = Pillow.open(io.BytesIO(data))
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        predictor(closed, rect)
    with pytest.raises(OSError, match="truncated"):
        predictor(Pillow.open(io.BytesIO(data[:-60])), rect)


def test_several_rectangles_name_the_method(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    import dlib

    several: list[Any] = [
        [rect],
        [rect] * 4,
        dlib.rectangles([rect]),
        [FaceBox(1, 2, 3, 4)],
        np.zeros((2, 4)),
    ]
    for rects in several:
        with pytest.raises(TypeError, match=r"use predictor\.predict\(image, rects\)"):
            predictor(astronaut, rects)
    with pytest.raises(TypeError, match="expected a list of rectangles"):
        predictor.predict(astronaut, rect)


@pytest.mark.parametrize(
    "box",
    [
        "1234",
        b"1234",
        bytearray(b"1234"),
        memoryview(b"1234"),
        ["1", "2", "3", "4"],
        [True, False, True, True],
        [datetime.date(2020, 1, 1)] * 4,
        np.array([1, 2, 3, 4], "datetime64[D]"),
        np.array([1, 1, 1, 1], bool),
        np.array(["1", "2", "3", "4"]),
        np.array([1, 2, 3, 4], complex),
        [1, 2, 3, None],
        {1, 2, 3, 4},
    ],
    ids=repr,
)
def test_what_is_no_box_is_refused(box: Any) -> None:
    with pytest.raises(TypeError, match=r"box must be .*, got "):
        face_box(box)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400])
def test_boxes_that_are_not_finite_are_refused(value: float, astronaut: Image) -> None:
    import dlib

    with pytest.raises(ValueError, match="expected a finite number for bottom, got"):
        FaceBox(1, 2, 3, value)
    with pytest.raises(ValueError, match="expected a finite number for height, got"):
        FaceBox.from_xywh(1, 2, 3, value)
    if value != 10**400:
        with pytest.raises(ValueError, match="finite"):
            face_box(dlib.drectangle(1, 2, 3, value))
    with pytest.raises(ValueError, match="finite"):
        face_box([1, 2, 3, value])


def test_sides_that_are_no_numbers_are_refused() -> None:
    for value in ("4", True, None, [4], datetime.date(2020, 1, 1), 4j):
        with pytest.raises(TypeError, match=r"expected a number for bottom, got .* \(\w+\)"):
            FaceBox(1, 2, 3, value)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected the name of a detector"):
        FaceBox(1, 2, 3, 4, source=5)  # type: ignore[arg-type]


def test_small_integers_do_not_wrap_around() -> None:
    box = FaceBox.from_xywh(*np.array([200, 200, 100, 100], np.uint8))
    assert box.sides == (200, 200, 299, 299)


def test_boxes_of_torch_are_taken(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    import torch

    sides = [rect.left(), rect.top(), rect.right(), rect.bottom()]
    wanted = predictor(astronaut, sides).landmarks
    for kind in (torch.float32, torch.int64, torch.bfloat16, torch.float16):
        box = torch.tensor(sides, dtype=kind)
        if box.tolist() == sides:  # bfloat16 has eight bits
            np.testing.assert_array_equal(predictor(astronaut, box).landmarks, wanted)
    scored = torch.tensor([*sides, 0.5], requires_grad=True)
    assert face_box(scored).score == 0.5
    with pytest.raises(TypeError, match=r"got torch\.Tensor"):
        face_box(torch.zeros(4, dtype=torch.bool))


def test_names_of_models(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^Unable to open 'lean86': .*lean68, .*Did you mean"):
        DANShapePredictor("lean86")
    with pytest.raises(RuntimeError, match=r"^Unable to open '': expected a model file"):
        DANShapePredictor("")


# -- detections ----------------------------------------------------------------------------------

GOOD = np.zeros((5, 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"landmarks": np.zeros((5, 3))}, r"landmarks of shape \('L', 2\), got \(5, 3\)"),
        ({"landmarks": [["a", "b"]]}, "numbers for landmarks"),
        ({"landmarks": [[1, 2], [3]]}, "numbers for landmarks"),
        ({"landmarks": np.full((5, 2), np.nan)}, "finite landmarks"),
        ({"landmarks": np.full((5, 2), np.inf)}, "finite landmarks"),
        ({"landmarks": np.full((5, 2), 2.0**47)}, "below 2"),
        ({"landmarks": np.full((5, 2), 1e300)}, "below 2"),
        ({"sigma": [1, 2]}, "sigma of shape"),
        ({"stages": GOOD}, "stages of shape"),
        ({"confidence": 1.5}, "confidence from 0 to 1"),
        ({"confidence": np.nan}, "confidence from 0 to 1"),
        ({"confidence": "sure"}, "confidence from 0 to 1"),
        ({"present": [True] * 4}, "5 bools"),
        ({"present": [2.0] * 5}, "5 bools"),
    ],
)
def test_detections_are_checked(options: dict[str, Any], said: str, rect: Any) -> None:
    with pytest.raises(ValueError, match=said):
        Detection(rect, **({"landmarks": GOOD} | options))


def test_detections_of_other_rectangles_are_refused() -> None:
    with pytest.raises(TypeError, match=r"dlib\.rectangle for rect, got \(1, 2, 3, 4\)"):
        Detection((1, 2, 3, 4), GOOD)


def test_landmarks_that_are_not_present_may_be_nan(rect: Any) -> None:
    landmarks = np.zeros((2, 2))
    landmarks[1] = np.nan
    det = Detection(rect, landmarks, present=np.array([True, False]))
    assert det.part(0).x == 0
    assert det.part(1).x == 2**51 - 1


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {},
        lambda state: None,
        lambda state: {k: v for k, v in state.items() if k != "landmarks"},
        lambda state: state | {"landmarks": np.full((68, 2), np.nan)},
        lambda state: state | {"landmarks": np.full((68, 2), 2.0**60)},
        lambda state: state | {"landmarks": "no"},
        lambda state: state | {"present": None, "sigma": np.zeros(3)},
    ],
)
def test_pickles_of_detections_are_checked(
    change: Callable[[Any], Any], predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    det = predictor(astronaut, rect)
    restore, (sides, state) = det.__reduce__()
    with pytest.raises(ValueError, match="expected"):
        restore(sides, change(dict(state)))
    with pytest.raises(ValueError, match="expected four whole numbers for a rectangle"):
        restore((1, 2.5, "x"), dict(state))


@pytest.mark.parametrize("state", [None, {}, {"data": b""}, {"data": 5, "options": 6}, 7])
def test_pickles_of_predictors_are_checked(state: Any) -> None:
    empty = DANShapePredictor.__new__(DANShapePredictor)
    with pytest.raises(ValueError, match="expected the state of a pickled predictor"):
        empty.__setstate__(state)


def test_a_pickled_predictor_with_a_damaged_model(predictor: DANShapePredictor) -> None:
    state = predictor.__getstate__()
    empty = DANShapePredictor.__new__(DANShapePredictor)
    with pytest.raises(RuntimeError, match="Error deserializing a pickled predictor"):
        empty.__setstate__(state | {"data": state["data"][:1000]})
    assert pickle.loads(pickle.dumps(predictor)).info == predictor.info


# -- videos --------------------------------------------------------------------------------------


def test_a_video_without_faces_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "v.mp4", [np.zeros((120, 160, 3), np.uint8)] * 3)
    words = ["track", str(tmp_path / "v.mp4"), "--json", str(tmp_path / "o.jsonl")]
    assert main(words) == 0
    assert "no face was found in any frame; --upsample 1 finds smaller" in capsys.readouterr().out


def test_upsampling_finds_smaller_faces(tmp_path: Path, astronaut: Image) -> None:
    small = cv2.resize(astronaut, (240, 240), interpolation=cv2.INTER_AREA)
    write_video(tmp_path / "v.mp4", [np.asarray(small, np.uint8)] * 2)
    rows = []
    for upsample in ("0", "1"):
        out = tmp_path / f"{upsample}.jsonl"
        words = ["track", str(tmp_path / "v.mp4"), "--json", str(out), "--upsample", upsample]
        assert main(words) == 0
        rows.append(out.read_text().splitlines())
    assert (len(rows[0]), len(rows[1])) == (0, 2)
    assert json.loads(rows[1][0])["frame"] == 0


def test_sequences_of_pictures_are_no_videos(tmp_path: Path, astronaut: Image) -> None:
    for name in ("img_%03d.png", "img_001.png"):
        (tmp_path / name).write_bytes(cv2.imencode(".png", astronaut)[1].tobytes())
    with pytest.raises(ValueError, match="expected a video"):
        Video(tmp_path / "img_%03d.png")


def test_a_huge_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(claiming(100_000))
    with pytest.raises(ValueError, match=r"OpenCV refuses .*a\.png"):
        read_picture(tmp_path / "a.png")


def test_trackers_without_dlib_name_the_command() -> None:
    code = (
        "import sys; sys.modules['dlib'] = None\nimport danpredict\n"
        "try: danpredict.Tracker()\nexcept ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'danpredict[dlib-bin]'" in said.stdout
    assert Tracker is danpredict.Tracker
