"""The 3-D mean shapes ``adapters/shapes/<convention>.json``."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
from numpy.typing import NDArray

from danpredict.resources import data_folder


@cache
def mean_shape_3d(convention: str) -> NDArray[np.float64]:
    """Mean shape (L, 3) of a convention, read-only.

    The unit is the distance between the outer eye corners, and the origin is the middle between
    them. For a face that looks into the camera: x to the right in the image, y down, z away from
    the camera. ``adapters/README.md`` says how it was made.

    Raises
    ------
    ValueError
        No shape of that convention, or its file is damaged.
    """
    folder = data_folder("adapters") / "shapes"
    path = folder / f"{convention}.json"
    if not path.is_file():
        known = sorted(file.stem for file in folder.glob("*.json"))
        raise ValueError(f"expected a convention with a 3-D shape, {known}, got {convention!r}")
    try:
        shape = np.array(json.loads(path.read_text("utf-8"))["points"], np.float64)
    except (ValueError, TypeError, LookupError) as error:
        raise ValueError(f"expected a 3-D shape in {path}: {error}") from error
    if shape.ndim != 2 or shape.shape[1] != 3 or not np.isfinite(shape).all():
        raise ValueError(f"expected points (L, 3) in {path}, got shape {shape.shape}")
    shape.setflags(write=False)
    return shape
