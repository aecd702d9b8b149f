"""A model is one file: a zip of ``model.json`` and one ONNX graph per stage. No pickle, no code."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes import BoxCalibration
from danpredict.geometry import FloatArray
from danpredict.layouts import Convention, convention

FORMAT_VERSION = 1
LARGEST = 2**30  # bytes unpacked: a model is some megabytes, so more is an accident or an attack
# The same bytes for the same model: zip entries carry a date, this is the earliest there is.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Model:
    """A model read from or to be written to a file.

    Attributes
    ----------
    info : dict
        ``model.json``: name, convention, sizes, preprocessing, mean shape, box, training data,
        licence, metrics, versions, and the graphs' hashes.
    data : bytes
        The whole file.
    """

    info: dict[str, Any]
    data: bytes

    @property
    def graphs(self) -> tuple[bytes, ...]:
        """ONNX, one per stage, copied out of the file."""
        with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
            return tuple(archive.read(name) for name in self.info["graphs"])

    @property
    def mean_shape(self) -> FloatArray:
        """(L, 2) float64, canonical pixels."""
        return np.array(self.info["mean_shape"], float)

    @property
    def input_size(self) -> int:
        """Side of the canonical frame, pixels."""
        return int(self.info["input_size"])

    @property
    def layout(self) -> Convention:
        """The convention of its landmarks: the file's own, or one that is known by its name."""
        name = self.info["convention"]
        if "layout" in self.info:
            return Convention.read(name, self.info["layout"])
        return convention(name)

    @property
    def box(self) -> BoxCalibration:
        """Calibration of the rectangles that the model expects."""
        return BoxCalibration.read(self.info["box"])


def _graph_names(count: int) -> list[str]:
    return [f"stage{i + 1}.onnx" for i in range(count)]


def pack(info: dict[str, Any], graphs: tuple[bytes, ...]) -> Model:
    """Put a model together; adds format version and hashes to the info."""
    names = _graph_names(len(graphs))
    info = {"format": "danpredict", "format_version": FORMAT_VERSION, **info}
    info["graphs"] = {n: hashlib.sha256(g).hexdigest() for n, g in zip(names, graphs, strict=True)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("model.json", ZIP_EPOCH), json.dumps(info, indent=1))
        for name, graph in zip(names, graphs, strict=True):
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), graph)
    return Model(json.loads(json.dumps(info)), buffer.getvalue())  # as it will be read: no tuples


def unpack(data: bytes, name: str) -> Model:
    """Read a model from bytes, checking everything; ``name`` is for the error message.

    Raises
    ------
    RuntimeError
        Not a model file, damaged, or of a newer format. Begins with dlib's words.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST:
                raise ValueError(f"expected at most {LARGEST} bytes unpacked, got {size}")
            info = json.loads(archive.read("model.json"))
            _check_info(info)
            for graph, expected in info["graphs"].items():
                found = hashlib.sha256(archive.read(graph)).hexdigest()
                if found != expected:
                    raise ValueError(f"expected sha256 {expected} for {graph}, got {found}")
    except Exception as error:  # there is no end to what a damaged zip or JSON provokes
        raise RuntimeError(
            f"Error deserializing {name}: expected a danpredict model file, "
            f"got {len(data)} bytes that are none or are damaged ({error})"
        ) from error
    return Model(info, data)


def _check_info(info: dict[str, Any]) -> None:
    """Raise an exception where ``model.json`` is not what this version reads."""
    if info["format"] != "danpredict" or info["format_version"] != FORMAT_VERSION:
        raise ValueError(
            f"expected format danpredict {FORMAT_VERSION}, "
            f"got {info['format']} {info['format_version']}"
        )
    for key in ("name", "licence", "convention"):
        if not isinstance(info[key], str):
            raise ValueError(f"expected text for {key}, got {info[key]!r}")
    names = list(dict(info["graphs"]))
    if not names or names != _graph_names(len(names)) or info["stages"] != len(names):
        raise ValueError(f"expected graphs of {info['stages']} stages, got {names}")
    shape = np.array(info["mean_shape"], float)
    if shape.shape != (info["landmarks"], 2) or not np.isfinite(shape).all():
        raise ValueError(f"expected a mean shape of {info['landmarks']} points, got {shape.shape}")
    if not (np.ptp(shape, axis=0) > 0).all():
        raise ValueError("expected a mean shape with a width and a height")
    if "layout" in info and (size := Convention.read("", info["layout"]).size) != len(shape):
        raise ValueError(f"expected a layout of {len(shape)} landmarks, got one of {size}")
    box = info["box"]
    if not (-9 < box["left"] < box["right"] < 9 and -9 < box["top"] < box["bottom"] < 9):
        raise ValueError(f"expected a landmark box about the rectangle, got {box}")
    size = info["input_size"]
    if not isinstance(size, int) or not 16 <= size <= 4096:
        raise ValueError(f"expected a whole input size from 16 to 4096, got {size}")


def read_model(path: Path) -> Model:
    """Read a model file.

    Raises
    ------
    RuntimeError
        ``Unable to open ...`` as dlib says where there is no such file; see `unpack` for the rest.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise RuntimeError(f"Unable to open {path}") from error
    return unpack(data, str(path))
