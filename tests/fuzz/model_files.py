"""Model files: damaged as bytes, and with changed parts whose hashes are right again."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import Any

from danpredict import DANShapePredictor
from danpredict.cli.main import main
from danpredict.model.file import read_model, unpack

from .graphs import edited_graph
from .harness import Rng, attempt
from .mutations import damaged, edited_json, pick
from .shared import SIDES, check_detection, face_picture, model

NAMED = (RuntimeError,)
Entries = list[tuple[str, bytes]]


def _entries() -> Entries:
    with zipfile.ZipFile(io.BytesIO(model().data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def _zipped(entries: Entries, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def _with_info(info: Any) -> bytes:
    return _zipped([("model.json", json.dumps(info).encode()), *_entries()[1:]])


def _with_graph(stage: int, graph: bytes) -> bytes:
    """The file with another graph, and its hash."""
    entries = _entries()
    name = f"stage{stage}.onnx"
    info = json.loads(entries[0][1])
    info["graphs"][name] = sha256(graph).hexdigest()
    entries[0] = "model.json", json.dumps(info).encode()
    entries[stage] = name, graph
    return _zipped(entries)


def damaged_file(rng: Rng) -> bytes:
    """Any byte of the file; half of the time near its end, where a zip has its table."""
    data = model().data
    tail = 600 if rng.random() < 0.5 else len(data)
    return data[:-tail] + damaged(rng, data[-tail:])


def _other_archive(rng: Rng) -> bytes:
    """The right contents in another archive, or the wrong ones in a sound archive."""
    entries = _entries()
    first, second = (int(i) for i in rng.integers(len(entries), size=2))
    ways: list[Callable[[], object]] = [
        lambda: entries.pop(first),
        lambda: entries.append(("../outside", b"")),
        lambda: entries.append((pick(rng, ["", "stage3.onnx", "model.json/", "a" * 60_000]), b"")),
        lambda: entries.__setitem__(first, (entries[second][0] + "x", entries[first][1])),
        lambda: entries.__setitem__(first, (entries[first][0], entries[second][1])),
        lambda: entries.reverse(),
        lambda: entries.clear(),
    ]
    pick(rng, ways)()
    return _zipped(entries, pick(rng, [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))


def _other_info(rng: Rng) -> bytes:
    """Another description: changed as JSON, or as text."""
    info = json.loads(_entries()[0][1])
    if rng.random() < 0.75:
        key = pick(rng, sorted(info))
        if isinstance(info[key], dict) and info[key] and rng.random() < 0.5:
            info[key] = edited_json(rng, info[key])
        elif rng.random() < 0.2:
            info[key] = edited_json(rng, [info[key]])[:1]
        else:
            info = edited_json(rng, info)
        return _with_info(info)
    return _zipped([("model.json", damaged(rng, _entries()[0][1], text=True)), *_entries()[1:]])


def _damaged_graph(rng: Rng) -> bytes:
    """Flipped bytes in a graph, mostly in its structure: at the start and at the end."""
    stage = int(rng.integers(1, 3))
    graph = model().graphs[stage - 1]
    part = pick(rng, [500, 5000, len(graph)])
    if rng.random() < 0.5:
        return _with_graph(stage, damaged(rng, graph[:part]) + graph[part:])
    return _with_graph(stage, graph[:-part] + damaged(rng, graph[-part:]))


def _info_is_printed(path: Path) -> None:
    """The command ``info``: a text that cannot rewrite a terminal, or one line of error."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["info", str(path)])
    assert code in (0, 2)
    assert "unexpected" not in err.getvalue(), err.getvalue()
    assert err.getvalue().count("\n") == (code == 2), err.getvalue()
    for line in (out.getvalue() + err.getvalue()).splitlines():
        assert line.isprintable(), line


def _use(data: bytes, folder: Path) -> None:
    path = folder / "model.dan"
    path.write_bytes(data)
    found = attempt(NAMED, read_model, path)
    _info_is_printed(path)
    if found is None:
        return
    predictor = attempt(NAMED, lambda: DANShapePredictor(path, threads=1))
    if predictor is None:
        return
    for sides in (SIDES, (-900, 10, 2000, 4000), (3, 3, 3, 3)):
        detection = attempt(NAMED, predictor, face_picture(), sides)
        if detection is not None:
            check_detection(detection)
    # Documented: a model that does not tell sigma, or that does not hold these points.
    other = attempt(
        (*NAMED, ValueError),
        lambda: DANShapePredictor(path, threads=1, convention="dlib5", max_sigma=0.1),
    )
    if other is not None and (found := attempt(NAMED, other, face_picture(), SIDES)) is not None:
        check_detection(found)


def file_case(rng: Rng, folder: Path) -> None:
    """A file that is damaged, or has another archive, description or graph."""
    ways = [damaged_file, _other_archive, _other_info, _other_info, _other_info, _damaged_graph]
    _use(pick(rng, ways)(rng), folder)


def graph_case(rng: Rng, folder: Path) -> None:
    """A file in which the graph of a stage was changed as a graph."""
    stage = int(rng.integers(1, 3))
    data = _with_graph(stage, edited_graph(rng, model().graphs[stage - 1]))
    _use(data, folder)


def bytes_case(rng: Rng, folder: Path) -> None:
    """Bytes that never were a model, straight to the reader."""
    data = pick(rng, [rng.bytes(int(rng.integers(200))), b"PK\x05\x06" + bytes(18), b"PK\x03\x04"])
    attempt(NAMED, unpack, data, "bytes")
