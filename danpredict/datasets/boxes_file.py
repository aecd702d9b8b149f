"""JSON files of detector boxes for a folder of pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from danpredict.datasets.face import Rectangle


def read_rectangles(path: Path) -> dict[Path, Rectangle | None]:
    """Read detector rectangles; keys become absolute paths."""
    if not path.is_file():
        raise FileNotFoundError(f"expected a JSON file of rectangles, found no {path}")
    try:
        table = json.loads(path.read_text("utf-8-sig"))
        return {(path.parent / name).resolve(): _rectangle(row) for name, row in table.items()}
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(
            'expected JSON like {"picture.jpg": [left, top, right, bottom] or null}, '
            f"got {path}: {error}"
        ) from error


def _rectangle(row: Any) -> Rectangle | None:
    if row is None:
        return None
    if not isinstance(row, list) or len(row) != 4:
        raise ValueError(f"a rectangle {row!r:.80}")
    left, top, right, bottom = map(float, row)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(f"a rectangle that is not finite: {row}")
    return left, top, right, bottom
