"""Model files from strangers: descriptions (model.json) and archives that are refused."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from danpredict import DANShapePredictor
from danpredict.cli.main import main
from danpredict.model.file import Model, read_model, unpack
from danpredict.model.zoo import find_model


@pytest.fixture(scope="module")
def model() -> Model:
    return read_model(find_model("lean68"))


def with_info(data: bytes, info: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["model.json"] = info
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_small_file_cannot_become_gigabytes_of_objects(model: Model) -> None:
    bomb = b"[" + b"[]," * 20_000_000 + b"[]]"  # 60 MB of text, 1.2 GB of lists
    data = with_info(model.data, bomb)
    assert len(data) < 7e6
    with pytest.raises(RuntimeError, match=r"model\.json of at most"):
        unpack(data, "a bomb")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mean_shape": [["1", "2"]] * 68}, "finite number for the mean shape"),
        ({"mean_shape": [[True, False]] * 68}, "finite number"),
        ({"mean_shape": [[1, 2, 3]] * 68}, "68 points"),
        ({"mean_shape": {}}, "68 points"),
        ({"landmarks": 10**9}, "integer .* for landmarks"),
        ({"landmarks": True}, "integer .* for landmarks"),
        ({"stages": "2"}, "integer .* for stages"),
        ({"stages": 10**6}, "integer .* for stages"),
        ({"name": 5}, "text for name"),
        ({"training": {"data": {}}}, "a list of data sets"),
        ({"training": {"data": [{"name": "a"}]}}, "faces"),
        ({"training": {"train_faces": 5}}, "validation_faces"),
        ({"metrics": {"validation": {"nme": "low", "failures": 1}}}, "finite number for nme"),
        ({"box": {"left": "0", "top": 0, "right": 1, "bottom": 1}}, "finite number for left"),
        ({"box": [0, 0, 1, 1]}, ""),
        ({"network": {"hidden": 10**12}}, "at most 65536 for hidden"),
        ({"network": [1]}, "object for network"),
        ({"training": "none"}, "object for training"),
        ({"layout": {"size": 10**9}}, "convention of 68"),
    ],
)  # fmt: skip
def test_descriptions_are_checked_entry_by_entry(
    change: dict[str, Any], said: str, model: Model
) -> None:
    data = with_info(model.data, json.dumps(model.info | change).encode())
    with pytest.raises(RuntimeError, match=f"(?s)^Error deserializing a model.*{said}"):
        unpack(data, "a model")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"groups": {"jaw": "0-99999999999"}}, "landmarks below 68"),
        ({"gives": {}}, "keys"),
        ({"mirror": [0] * 68}, "mirror table"),
        ({"eyes": [5, 5]}, "eyes"),
    ],
)
def test_layouts_are_bounded(change: dict[str, Any], said: str, model: Model) -> None:
    layout = model.info["layout"] | change
    data = with_info(model.data, json.dumps(model.info | {"layout": layout}).encode())
    with pytest.raises(RuntimeError, match=said):
        unpack(data, "a model")


def test_texts_from_strangers_cannot_steer_a_terminal(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "\x1b[2J\nshipped"
    info = model.info | {"name": odd, "licence": odd, "arithmetic": odd}
    info["box"] = model.info["box"] | {"source": odd}
    info["training"] = {"data": [{"name": odd, "faces": 5}]}
    info["metrics"] = {odd: {"nme": 1.0, "failures": 2.0}}
    path = tmp_path / "odd.dan"
    path.write_bytes(with_info(model.data, json.dumps(info).encode()))
    assert main(["info", str(path)]) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert output.count("\\x1b[2J\\nshipped") == 6


def test_archives_hold_nothing_else(model: Model) -> None:
    buffer = io.BytesIO(model.data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("../outside", b"")
    with pytest.raises(RuntimeError, match="expected the files"):
        unpack(buffer.getvalue(), "a model")
    buffer = io.BytesIO(model.data)
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(buffer, "a") as archive,
    ):
        archive.writestr("stage1.onnx", b"")
    with pytest.raises(RuntimeError, match="Error deserializing"):
        unpack(buffer.getvalue(), "a model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_devices_and_folders_are_no_models(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.dan"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(RuntimeError, match=r"Unable to open .*: expected a file"):
            DANShapePredictor(path)


def test_huge_files_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.dan"
    with path.open("wb") as stream:
        stream.truncate(2**40)  # sparse: takes no space
    with pytest.raises(RuntimeError, match="expected at most"):
        DANShapePredictor(path)
