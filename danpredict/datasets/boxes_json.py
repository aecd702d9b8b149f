"""JSON files with detector boxes for a folder of pictures: ``{"a.jpg": [1, 2, 30, 40]}``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from danpredict.datasets.face import BoxTuple


def read_boxes(path: Path) -> dict[Path, BoxTuple | None]:
    """Read a JSON file of detector boxes.

    Returns
    -------
    dict
        By absolute path of the picture: (left, top, right, bottom), or None if the detector did
        not find the face.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        The file is not a JSON object with picture names (relative to the file) as keys, and four
        finite numbers or null as values.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a JSON file of boxes, found no {path}")
    try:
        table = json.loads(path.read_text("utf-8-sig"))
        return {(path.parent / name).resolve(): _box(row) for name, row in table.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(
            'expected JSON like {"picture.jpg": [left, top, right, bottom] or null}, '
            f"got {path}: {error}"
        ) from error


def _box(row: Any) -> BoxTuple | None:
    if row is None:
        return None
    if not isinstance(row, list) or len(row) != 4:
        raise ValueError(f"not a box: {row!r:.80}")
    left, top, right, bottom = map(float, row)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(f"a box that is not finite: {row}")
    return left, top, right, bottom
