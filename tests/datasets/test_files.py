"""What is read from disk: models, annotations, conventions; and what damage is said to be."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor, convention, models
from danpredict.datasets.csv_table import read_csv
from danpredict.datasets.dataset import read_dataset, read_folder
from danpredict.datasets.pts import read_pts
from danpredict.files.pictures import read_picture
from danpredict.model.file import unpack
from danpredict.model.zoo import find_model
from danpredict.resources import data_folder

from ..conftest import Image
from ..faces import write_dataset, write_pts


@pytest.fixture(scope="module")
def model() -> bytes:
    return find_model("lean68").read_bytes()


def rewritten(data: bytes, change: Any) -> bytes:
    """The model file with its entries changed in place by ``change(entries)``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def edit_info(**values: Any) -> Any:
    def change(entries: dict[str, bytes]) -> None:
        entries["model.json"] = json.dumps(json.loads(entries["model.json"]) | values).encode()

    return change


def flip_weights(entries: dict[str, bytes]) -> None:
    graph = bytearray(entries["stage2.onnx"])
    graph[len(graph) // 2] ^= 1
    entries["stage2.onnx"] = bytes(graph)


Change = Callable[[dict[str, bytes]], Any]


def with_info(**values: Any) -> Callable[[bytes], bytes]:
    return lambda data: rewritten(data, edit_info(**values))


def with_entries(change: Change) -> Callable[[bytes], bytes]:
    return lambda data: rewritten(data, change)


def swap_stages(entries: dict[str, bytes]) -> None:
    """The stages in the wrong order, with the right hashes."""
    first, second = "stage1.onnx", "stage2.onnx"
    entries[first], entries[second] = entries[second], entries[first]
    rehash(entries)


def rehash(entries: dict[str, bytes]) -> None:
    info = json.loads(entries["model.json"])
    info["graphs"] = {n: hashlib.sha256(entries[n]).hexdigest() for n in info["graphs"]}
    entries["model.json"] = json.dumps(info).encode()


def break_graph(entries: dict[str, bytes]) -> None:
    entries["stage1.onnx"] = b"no graph"
    rehash(entries)


# How a file is damaged, and a word of what must be said of it.
DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "not a zip file"),
    "garbage": (lambda data: b"no model" * 100, "not a zip file"),
    "truncated": (lambda data: data[: len(data) // 2], "not a zip file"),
    "flipped": (lambda data: data[:9999] + bytes([data[9999] ^ 1]) + data[10000:], "CRC"),
    "no info": (with_entries(lambda entries: entries.pop("model.json")), "model.json"),
    "no graph": (with_entries(lambda entries: entries.pop("stage2.onnx")), "stage2.onnx"),
    "changed weights": (with_entries(flip_weights), "sha256"),
    "info is a list": (with_entries(lambda e: e.update({"model.json": b"[]"})), "an object"),
    "info is deep": (with_entries(lambda e: e.update({"model.json": b"[" * 10**5})), "recursion"),
    "newer format": (with_info(format_version=99), "format danpredict 1"),
    "other stages": (with_info(stages=7), "7 stages"),
    "no stages": (with_info(stages=0, graphs={}), "0 stages"),
    "graphs are a list": (with_info(graphs=["stage1.onnx"]), "dictionary"),
    "short mean shape": (with_info(mean_shape=[[1, 2]]), "mean shape of 68"),
    "flat mean shape": (with_info(mean_shape=[[i, 7] for i in range(68)]), "width and a height"),
    "other landmarks": (
        with_info(landmarks=2, mean_shape=[[1, 2], [3, 4]]),
        "a convention of 2 landmarks",
    ),
    "no box": (with_info(box={}), "left"),
    "endless box": (with_info(box={"left": 0, "top": 0, "right": 1e999, "bottom": 1}), "box"),
    "inverted box": (with_info(box={"left": 1, "top": 0, "right": 0, "bottom": 1}), "box"),
    "huge input": (with_info(input_size=10**9), "input size"),
    "half an input": (with_info(input_size=112.5), "input size"),
    "other input": (with_info(input_size=64), "64"),
    "nameless": (with_info(name=None), "name"),
    "swapped stages": (with_entries(swap_stages), "stage 1"),
    "no graph inside": (with_entries(break_graph), "stage1.onnx"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_models_are_refused(kind: str, model: bytes, tmp_path: Path) -> None:
    damage, said = DAMAGE[kind]
    path = tmp_path / "model.dan"
    path.write_bytes(damage(model))
    whole = DANShapePredictor("lean68")  # has the same graphs, checked and shared
    with pytest.raises(RuntimeError, match=f"(?s)^Error deserializing .*{said}"):
        DANShapePredictor(path)
    assert whole.info["name"] == "lean68"


def test_a_missing_model_is_dlibs_exception(tmp_path: Path) -> None:
    import dlib

    path = str(tmp_path / "nope.dan")
    with pytest.raises(RuntimeError) as theirs:
        dlib.shape_predictor(path)
    with pytest.raises(RuntimeError) as ours:
        DANShapePredictor(path)
    assert str(ours.value) == str(theirs.value)
    with pytest.raises(RuntimeError, match="Unable to open"):
        DANShapePredictor("null\0character")


def test_weights_have_their_hashes(model: bytes) -> None:
    folder = data_folder("weights")
    rows = [row.split() for row in (folder / "SHA256SUMS").read_text().splitlines()]
    files = {path.name: path.read_bytes() for path in folder.glob("*.dan")}
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {name: digest for digest, name in rows} == found


@pytest.mark.parametrize("name", models())
def test_shipped_models_say_what_they_are(name: str) -> None:
    path = find_model(name)
    info = unpack(path.read_bytes(), name).info
    assert info["name"] == name
    assert convention(info["convention"]).size == info["landmarks"]
    assert "non-commercial" in info["licence"]
    assert info["training"]["data"]
    assert info["metrics"]
    assert path.stat().st_size < 12e6


def test_mirror_is_an_involution_that_keeps_the_groups() -> None:
    layout = convention("ibug68")
    mirror, eyes = layout.mirror, layout.eyes
    assert mirror is not None
    assert eyes is not None
    assert [mirror[i] for i in mirror] == list(range(layout.size))
    assert sorted(i for group in layout.groups.values() for i in group) == list(range(layout.size))
    swapped = {name: sorted(mirror[i] for i in group) for name, group in layout.groups.items()}
    assert swapped["right_eye"] == list(layout.groups["left_eye"])
    assert swapped["right_brow"] == list(layout.groups["left_brow"])
    for part in ("jaw", "nose", "outer_lip", "inner_lip"):
        assert swapped[part] == list(layout.groups[part])
    assert mirror[eyes[0]] == eyes[1]


def test_unknown_conventions_are_refused() -> None:
    for name in ("ibug69", "boxes", "../pyproject"):
        with pytest.raises(ValueError, match="ibug68"):
            convention(name)


def test_pts_round_trip(tmp_path: Path, rng: np.random.Generator) -> None:
    landmarks = rng.uniform(-20, 400, (68, 2))
    write_pts(tmp_path / "a.pts", landmarks)
    np.testing.assert_allclose(read_pts(tmp_path / "a.pts"), landmarks, atol=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: 1",
        "n_points: 2\n{\n1 2\n}",
        "n_points: 1\n{\n1 x\n}",
        "n_points: 1\n{\n1 nan\n}",
    ],
)
def test_damaged_pts_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pts"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"expected an iBUG \.pts file, got .*a\.pts"):
        read_pts(path)


def test_folder_with_rectangles(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path / "set", astronaut, np.full((68, 2), 200.0), count=3)
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"set/face_000.png": [1, 2, 3, 4], "set/face_001.png": None}))
    faces = read_dataset(tmp_path / "set", 68, boxes)
    assert [face.box for face in faces] == [(1, 2, 3, 4), None, None]
    boxes.write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"boxes\.json"):
        read_folder(tmp_path / "set", boxes)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "set", tmp_path / "nowhere.json")


def test_wrong_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"\.pts"):
        read_folder(tmp_path)


def test_csv_tables(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path / "frames", astronaut, np.full((2, 2), 200.0), count=1)
    table = tmp_path / "table.csv"
    table.write_text("file,x0,y0,x1,y1\nface_000.png,1,2,3,4.5\n")
    (face,) = read_dataset(table, 2)
    np.testing.assert_array_equal(face.landmarks, [[1, 2], [3, 4.5]])
    assert face.path.parent.name == "frames"
    write_dataset(tmp_path / "again", astronaut, np.full((2, 2), 200.0), count=1)
    with pytest.raises(FileNotFoundError, match="found 2"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\nother.png,1,2\n")
    with pytest.raises(FileNotFoundError, match=r"other\.png"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\nface_000.png,1,x\n")
    with pytest.raises(ValueError, match="line 2"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\nface_000.png,1\n")
    with pytest.raises(ValueError, match="line 2"):
        read_csv(table, 2)
    table.write_text("file,x0,y0,x2,y2\nface_000.png,1,2,3,4\n")
    with pytest.raises(ValueError, match="expected 2 landmarks, got x2"):
        read_csv(table, 2)
    table.write_text("face_000.png,1,2\n")
    with pytest.raises(ValueError, match="header"):
        read_csv(table, 2)
    table.write_text("file,x0,y0\n")
    with pytest.raises(ValueError, match="empty"):
        read_csv(table, 2)


def test_csv_tables_of_some_landmarks(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path, astronaut, np.full((2, 2), 200.0), count=1)
    table = tmp_path / "table.csv"
    table.write_text("file,x3,y3,x1,y1\nface_000.png,1,2,,4\n")
    (face,) = read_csv(table, 5)
    expected = np.full((5, 2), np.nan)
    expected[3] = 1, 2  # half a point is none
    np.testing.assert_array_equal(face.landmarks, expected)
    table.write_text("file,x3,y1\nface_000.png,1,2\n")
    with pytest.raises(ValueError, match="header"):
        read_csv(table, 5)


IMGLAB = """<?xml version='1.0' encoding='ISO-8859-1'?>
<dataset><name>n</name><images><image file='a.png'>
<box top='10' left='20' width='30' height='40'><part name='00' x='21' y='11'/>
<part name='2' x='49.5' y='49'/></box>
<box top='1' left='2' width='3' height='4' ignore='1'><part name='00' x='2' y='2'/></box>
<box top='1' left='2' width='3' height='4'/></image></images></dataset>"""


def test_imglab_xml(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9), np.uint8))
    path = tmp_path / "faces.xml"
    path.write_text(IMGLAB)
    (face,) = read_dataset(path, 4)
    nothing = [np.nan, np.nan]
    np.testing.assert_array_equal(face.landmarks, [[21, 11], nothing, [49.5, 49], nothing])
    assert list(face.box or ()) == [20, 10, 49, 49]
    assert face.path == tmp_path / "a.png"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<dataset>", "<!DOCTYPE d [<!ENTITY a 'b'>]><dataset>", "document type"),
        ("'a.png'", "'../a.png'", "in the folder"),
        ("'a.png'", "'/etc/passwd'", "in the folder"),
        ("'a.png'", "'b.png'", r"b\.png"),
        ("x='21'", "x='nan'", "'nan'"),
        ("x='21'", "x='1e9'", "'1e9'"),
        ("x='21'", "", "None"),
        ("name='2'", "name='4'", "from 0 to 3"),
        ("name='2'", "name='nose'", "'nose'"),
        ("width='30'", "width='wide'", "'wide'"),
        ("</dataset>", "", "imglab XML"),
        ("dataset>", "data>", "<data>"),
        ("part", "port", "boxes with parts"),
    ],
)
def test_bad_imglab_xml_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9), np.uint8))
    path = tmp_path / "faces.xml"
    path.write_text(IMGLAB.replace(old, new))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_dataset(path, 4)


def test_pictures_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_picture(tmp_path / "nowhere.jpg")
    for content in (b"", b"no picture"):
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.jpg"):
            read_picture(tmp_path / "a.jpg")
