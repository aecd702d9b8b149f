"""Files of landmarks and of rectangles: .pts, .csv, .json and imglab XML, damaged in many ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from danpredict.datasets.boxes_json import read_boxes
from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import FaceLandmarks, LabelledFace
from danpredict.datasets.imglab import count_parts
from danpredict.datasets.landmark_file import read_landmarks

from .harness import Rng, attempt
from .mutations import damaged, edited_json, pick
from .shared import face_picture

NAMED = (FileNotFoundError, ValueError)
SIZE = 5
POINTS: list[list[float]] = [[10.5, 20.25], [30, 22.5], [20, 40], [12, 50], [28.75, 51]]
FACES: dict[str, Any] = {"a.png": [POINTS, POINTS], "b.png": [[*POINTS[:4], [None, None]]]}
RECTANGLES = {"a.png": [10, 20, 90.5, 100], "b.png": None}
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]>'
)


def pts_bytes() -> bytes:
    rows = "\n".join(f"{x} {y}" for x, y in POINTS)
    return f"version: 1\nn_points: {SIZE}\n{{\n{rows}\n}}\n".encode()


def csv_bytes() -> bytes:
    header = ",".join(f"x{i},y{i}" for i in range(SIZE))
    row = ",".join(f"{x},{y}" for x, y in POINTS)
    return f"file,{header}\na.png,{row}\nb.png,{row[:-8]},,\n".encode()


def xml_bytes() -> bytes:
    parts = "".join(f'<part name="{i:02}" x="{x}" y="{y}"/>' for i, (x, y) in enumerate(POINTS))
    box = f'<box top="5" left="6" width="70" height="71">{parts}</box>'
    ignored = box.replace("<box", '<box ignore="1"')
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<dataset><images>\n'
        f'<image file="a.png">\n{box}\n{ignored}</image><image file="b.png">{box}</image>\n'
        "</images></dataset>"
    ).encode()


@cache
def picture_bytes(side: int = 60) -> bytes:
    """A picture of so many pixels; with 200 there is a face in it."""
    return bytes(cv2.imencode(".png", face_picture()[:side, :side])[1])


def _files(folder: Path, suffix: str, data: bytes) -> Path:
    """A folder with two pictures and the file."""
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture_bytes())
    path = folder / f"a{suffix}"
    path.write_bytes(data)
    return path


def _check(faces: list[Any] | None, size: int) -> None:
    for face in faces or []:
        assert isinstance(face, FaceLandmarks | LabelledFace)
        assert face.landmarks.shape == (size, 2)
        assert not np.isinf(face.landmarks).any(), face.landmarks
        assert face.box is None or np.isfinite(face.box).all(), face.box


def _read(path: Path, rng: Rng) -> None:
    """Give the file to everything that reads its kind."""
    size = SIZE if rng.random() < 0.9 else pick(rng, [1, 4, 6, 68])
    _check(attempt(NAMED, read_landmarks, path, size), size)
    dataset = path.parent if path.suffix == ".pts" else path
    _check(attempt(NAMED, read_dataset, dataset, size), size)


def _json_bytes(rng: Rng, data: Any) -> bytes:
    if rng.random() < 0.6:
        return json.dumps(edited_json(rng, data)).encode()
    return damaged(rng, json.dumps(data).encode(), text=True)


def text_case(rng: Rng, folder: Path) -> None:
    """A .pts, .csv or .json file of landmarks, or one of rectangles."""
    kind = pick(rng, [".pts", ".csv", ".json", "rectangles"])
    if kind == "rectangles":
        path = _files(folder, ".json", _json_bytes(rng, RECTANGLES))
        (folder / "a.pts").write_bytes(pts_bytes())
        found = attempt(NAMED, read_boxes, path) or {}
        assert all(row is None or np.isfinite(row).all() for row in found.values())
        _check(attempt(NAMED, read_dataset, folder, SIZE, path), SIZE)
        return
    if kind == ".json":
        data = _json_bytes(rng, FACES)
    else:
        data = damaged(rng, {".pts": pts_bytes, ".csv": csv_bytes}[kind](), text=True)
    if rng.random() < 0.1:
        data = data.decode("utf-8", "replace").encode(pick(rng, ["utf-16", "utf-32", "utf-8-sig"]))
    _read(_files(folder, kind, data), rng)


def _encoded(rng: Rng, data: bytes) -> bytes:
    names = [b"utf-16", b"utf-7", b"cp037", b"unknown", b"", b"idna", b"rot13", b"big5", b"hex"]
    return data.replace(b"utf-8", pick(rng, names))


def _deep(rng: Rng, data: bytes) -> bytes:
    depth = pick(rng, [10, 1000, 50_000])
    return data.replace(b"<images>", b"<images>" * depth).replace(
        b"</images>", b"</images>" * depth
    )


def _value(rng: Rng, data: bytes) -> bytes:
    """Another value for an attribute, as XML's own writers would write it."""
    values = [
        b"nan", b"1e999", b"-1", b"", b"99999999999999999999", b"1e6", b"\xc2\xb2", b"1_0", b"&lt;",
        b"../a.png", b"/etc/passwd", b".", b"a.png/b", b"a" * 5000, b"&#0;", b"&#xD800;", b"&#10;",
        b"0x10", b"9" * 5000, "٣".encode(), b" 3 ",
    ]  # fmt: skip
    pieces = data.split(b'"')
    for _ in range(int(rng.integers(1, 4))):
        pieces[int(rng.integers(len(pieces) // 2)) * 2 + 1] = pick(rng, values)
    return b'"'.join(pieces)


XML_WAYS: list[Callable[[Rng, bytes], bytes]] = [
    lambda rng, data: damaged(rng, data, text=True),
    lambda rng, data: damaged(rng, data),
    _value,
    _value,
    _encoded,
    _deep,
    lambda rng, data: data.replace(b"<dataset>", ENTITIES + b"<dataset>&b;"),
    lambda rng, data: data.replace(b"box", pick(rng, [b"part", b"image", b"x:box", b"dataset"])),
]


def xml_case(rng: Rng, folder: Path) -> None:
    """An imglab XML file."""
    path = _files(folder, ".xml", pick(rng, XML_WAYS)(rng, xml_bytes()))
    attempt(NAMED, count_parts, path)
    _read(path, rng)
