"""Time of danpredict's cascade after each of its stages, for ``compare.py --speed``."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from danpredict.boxes.face_box import face_box
from danpredict.cascade.onnx_cascade import shared_cascade
from danpredict.geometry.similarity import initial_transform
from danpredict.model.file import read_model

from .speed_pictures import Image
from .timing import Call, Timing, interleaved


def time_stages(file: Path, image: Image, rect: Any, seconds: float) -> list[Timing]:
    """Time one face on one thread, with one stage, two stages, and so on."""
    model = read_model(file)
    whole = shared_cascade(model)
    box = model.box.landmark_box(*face_box(rect).sides)
    start = initial_transform(box, whole.mean_shape)
    calls: dict[str, Call] = {}
    for count in range(1, len(whole.stages) + 1):
        part = copy.copy(whole)
        part.stages, part.outputs = whole.stages[:count], whole.outputs[:count]
        calls[str(count)] = lambda part=part: part.refine([image], [start])  # type: ignore[misc]
    return list(interleaved(calls, seconds).values())
