"""Model files: the shipped ones, and damaged ones."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from danpredict import DANShapePredictor, convention, models
from danpredict.model.file import unpack
from danpredict.model.zoo import find_model
from danpredict.resources import data_folder


def test_names_of_models(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^Unable to open 'lean86': .*lean68, .*Did you mean"):
        DANShapePredictor("lean86")
    with pytest.raises(RuntimeError, match=r"^Unable to open '': expected a model file"):
        DANShapePredictor("")


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
    "other stages": (with_info(stages=7), "stage7"),
    "no stages": (with_info(stages=0, graphs={}), "expected the graphs"),
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
    terms = "commercial use allowed" if name.startswith("clean") else "non-commercial"
    assert terms in info["licence"]
    assert info["training"]["data"]
    assert info["metrics"]
    assert path.stat().st_size < 12e6
