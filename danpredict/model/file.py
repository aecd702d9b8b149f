"""A model is one file: a zip of ``model.json`` and one ONNX graph per stage. No pickle, no code."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.boxes.calibration import BoxCalibration
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.convention import convention as named_convention
from danpredict.model.info import FORMAT_VERSION, LARGEST_INFO, graph_names, parse_info
from danpredict.model.onnx_check import check_graph

LARGEST = 2**28  # bytes of a file or of a graph; the paper's network has 50 million
# Every zip entry has a date. With a fixed date, equal models have equal bytes. This is the earliest
# date that a zip file can store.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Model:
    """The contents of a model file.

    Attributes
    ----------
    info : dict
        ``model.json``: name, convention, sizes, preprocessing, mean shape, box, training data,
        licence, metrics, versions, and the hashes of the graphs.
    data : bytes
        The whole file.
    graphs : tuple of bytes
        The ONNX graphs, one per stage.
    """

    info: dict[str, Any]
    data: bytes = field(repr=False)
    graphs: tuple[bytes, ...] = field(repr=False)

    @property
    def mean_shape(self) -> FloatArray:
        """(L, 2) float64, canonical pixels."""
        return np.array(self.info["mean_shape"], float)

    @property
    def input_size(self) -> int:
        """Side of the canonical frame, pixels."""
        return int(self.info["input_size"])

    @property
    def convention(self) -> Convention:
        """The convention of the landmarks: from the file, or a shipped one of this name."""
        name = self.info["convention"]
        if "layout" in self.info:
            return Convention.read(name, self.info["layout"])
        return named_convention(name)

    @property
    def box(self) -> BoxCalibration:
        """Calibration of the boxes that the model expects."""
        return BoxCalibration.read(self.info["box"])


def pack(info: dict[str, Any], graphs: tuple[bytes, ...]) -> Model:
    """Make a model file. The format version and the hashes are added to the info."""
    names = graph_names(len(graphs))
    info = {"format": "danpredict", "format_version": FORMAT_VERSION, **info}
    info["graphs"] = {n: hashlib.sha256(g).hexdigest() for n, g in zip(names, graphs, strict=True)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("model.json", ZIP_EPOCH), json.dumps(info, indent=1))
        for name, graph in zip(names, graphs, strict=True):
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), graph)
    # JSON turns tuples into lists, so the info equals the info of a model that was read.
    return Model(json.loads(json.dumps(info)), buffer.getvalue(), graphs)


def _entry(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """The bytes of one entry. Its unpacked size is checked first."""
    size = archive.getinfo(name).file_size
    if size > limit:
        raise ValueError(f"expected {name} of at most {limit} bytes, got {size}")
    return archive.read(name)


def read_info(path: Path) -> dict[str, Any]:
    """The description of a model file, checked. The graphs are not read.

    Raises
    ------
    RuntimeError
        No such file, or not a model file. The message starts like dlib's.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return parse_info(_entry(archive, "model.json", LARGEST_INFO))
    except OSError as error:
        raise RuntimeError(f"Unable to open {path}") from error
    except Exception as error:  # a damaged zip or JSON can raise nearly anything
        raise RuntimeError(
            f"Error deserializing {path}: expected a danpredict model file ({error})"
        ) from error


def _read_archive(data: bytes) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """The info and the graphs of a model file. All are checked."""
    graphs = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = parse_info(_entry(archive, "model.json", LARGEST_INFO))
        expected, found = ["model.json", *info["graphs"]], archive.namelist()
        if sorted(found) != sorted(expected):
            raise ValueError(f"expected the files {expected}, got {found!r:.200}")
        for name, digest in info["graphs"].items():
            graph = _entry(archive, name, LARGEST)
            if (actual := hashlib.sha256(graph).hexdigest()) != digest:
                raise ValueError(f"expected sha256 {digest!r:.80} for {name}, got {actual}")
            try:
                check_graph(graph)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            graphs.append(graph)
    return info, tuple(graphs)


def unpack(data: bytes, name: str) -> Model:
    """Read a model from bytes and check all of it; ``name`` is for the error message.

    Raises
    ------
    RuntimeError
        The bytes are damaged, not a model file, or of a newer format, or a graph has forbidden
        contents (see `danpredict.model.onnx_check`). The message starts like dlib's.
    """
    try:
        info, graphs = _read_archive(data)
    except Exception as error:  # a damaged zip or JSON can raise nearly anything
        raise RuntimeError(
            f"Error deserializing {name}: expected a danpredict model file, got {len(data)} bytes "
            f"that are damaged or not a model file ({error})"
        ) from error
    return Model(info, data, graphs)


def read_model(path: Path) -> Model:
    """Read a model file.

    Raises
    ------
    RuntimeError
        ``Unable to open ...``, as in dlib, if there is no such file. Otherwise see `unpack`.
    """
    try:
        regular, size = path.is_file(), path.stat().st_size
        data = path.read_bytes() if regular and size <= LARGEST else b""
    except (OSError, ValueError) as error:  # ValueError: null character in the name
        raise RuntimeError(f"Unable to open {path}") from error
    if not regular:
        raise RuntimeError(f"Unable to open {path}: expected a file, got a folder, device or pipe")
    if size > LARGEST:
        raise RuntimeError(
            f"Error deserializing {path}: expected at most {LARGEST} bytes, got {size}"
        )
    return unpack(data, str(path))
