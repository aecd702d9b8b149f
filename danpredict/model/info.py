"""Checks of ``model.json``, the description inside a model file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from danpredict.landmarks.convention import Convention

FORMAT_VERSION = 1
LARGEST_INFO = 2**20  # bytes; the shipped models have 8,000
MOST_LANDMARKS = 10_000
MOST_STAGES = 16
LARGEST_LAYER = 2**16  # limit of every number in the network's description
CONVENTION_KEYS = {"size", "mirror", "groups", "eyes", "source"}


def graph_names(count: int) -> list[str]:
    """Names of the graphs in a model file, one per stage."""
    return [f"stage{i + 1}.onnx" for i in range(count)]


def parse_info(data: bytes) -> dict[str, Any]:
    """Read and check ``model.json``.

    Raises
    ------
    ValueError, KeyError, TypeError, RecursionError
        It is too large or not JSON, or an entry is missing or invalid.
    """
    if len(data) > LARGEST_INFO:
        raise ValueError(f"expected model.json of at most {LARGEST_INFO} bytes, got {len(data)}")
    info = json.loads(data)
    if not isinstance(info, dict):
        raise ValueError(f"expected an object in model.json, got {type(info).__name__}")
    _check_format(info)
    _check_mean_shape(info)
    _check_box(info["box"])
    if "layout" in info:
        _check_convention(info["layout"], info["landmarks"])
    if "network" in info:
        _check_network(info["network"])
    _check_training(info.get("training", {}))
    _check_metrics(info.get("metrics", {}))
    return info


def _whole(info: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = info[key]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        name = key.replace("_", " ")
        raise ValueError(f"expected an integer from {low} to {high} for {name}, got {value!r:.80}")
    return value


def _number(value: Any, what: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"expected a finite number for {what}, got {value!r:.80}")
    return float(value)


def _check_format(info: Mapping[str, Any]) -> None:
    if info["format"] != "danpredict" or info["format_version"] != FORMAT_VERSION:
        raise ValueError(
            f"expected format danpredict {FORMAT_VERSION}, "
            f"got {info['format']!r:.80} {info['format_version']!r:.80}"
        )
    for key in ("name", "licence", "convention"):
        if not isinstance(info[key], str):
            raise ValueError(f"expected text for {key}, got {info[key]!r:.80}")
    graphs = info["graphs"]
    if not isinstance(graphs, dict):
        raise ValueError(f"expected a dictionary of graphs, got {graphs!r:.80}")
    stages = _whole(info, "stages", 0, MOST_STAGES)
    if not graphs or list(graphs) != graph_names(stages):
        raise ValueError(f"expected the graphs {graph_names(stages)}, got {list(graphs)!r:.200}")
    _whole(info, "input_size", 16, 4096)


def _check_mean_shape(info: Mapping[str, Any]) -> None:
    count = _whole(info, "landmarks", 1, MOST_LANDMARKS)
    shape = info["mean_shape"]
    if (
        not isinstance(shape, list)
        or len(shape) != count
        or any(not isinstance(point, list) or len(point) != 2 for point in shape)
    ):
        raise ValueError(f"expected a mean shape of {count} points [x, y], got {shape!r:.80}")
    for axis in zip(*shape, strict=True):
        values = [_number(value, "the mean shape") for value in axis]
        if not max(values) > min(values):
            raise ValueError(
                "expected a mean shape with a width and a height, got a line or a point"
            )


def _check_box(box: Any) -> None:
    left, top, right, bottom = (
        _number(box[s], f"{s} of the box") for s in ("left", "top", "right", "bottom")
    )
    if not (-9 < left < right < 9 and -9 < top < bottom < 9):
        raise ValueError(
            "expected a landmark box with left < right, top < bottom and all values between -9 and "
            f"9 (fractions of the detector's box), got {box!r:.200}"
        )


def _check_convention(convention: Any, landmarks: int) -> None:
    unknown = set(convention) - CONVENTION_KEYS
    if unknown:
        raise ValueError(
            f"expected the keys {sorted(CONVENTION_KEYS)} in convention, got {unknown}"
        )
    if convention["size"] != landmarks:
        raise ValueError(
            f"expected a convention of {landmarks} landmarks, got one of {convention['size']!r:.80}"
        )
    Convention.read("", convention)


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expected an object for {what}, got {value!r:.80}")
    return value


def _check_training(training: Any) -> None:
    """Check the entries that ``danpredict info`` prints. The others may be anything."""
    data = _object(training, "training").get("data", [])
    if not isinstance(data, list):
        raise ValueError(f"expected a list of data sets, got {data!r:.80}")
    for row in data:
        if not isinstance(_object(row, "a data set")["name"], str):
            raise ValueError(f"expected the name of a data set, got {row['name']!r:.80}")
        _number(row["faces"], "the faces of a data set")
    if "train_faces" in training:
        for key in ("train_faces", "validation_faces"):
            _number(training[key], key)


def _check_metrics(metrics: Any) -> None:
    for name, row in _object(metrics, "metrics").items():
        for key in ("nme", "failures"):
            _number(_object(row, name)[key], key)


def _check_network(network: Any) -> None:
    """Limit the sizes, before a torch network is built from them; see `NetworkConfig`."""
    for key, value in _object(network, "network").items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, int | float) and not abs(part) <= LARGEST_LAYER:
                raise ValueError(f"expected at most {LARGEST_LAYER} for {key}, got {part!r:.80}")
