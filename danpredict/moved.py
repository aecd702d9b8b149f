"""Where picklable classes were in version 0.2.0, so that pickles made with it can be read."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

MOVED = {
    "chips": "alignment.templates",
    "conversion": "landmarks.conversion",
    "facebox": "boxes.face_box",
    "conventions": "landmarks.convention",
    "model_file": "model.file",
    "objects": "dlib_compat.detection",
    "shape_training": "training.dlib_api",
    "smoothing": "video.smoothing",
    "tracker": "video.tracker",
    "twins": "dlib_compat.stand_ins",
}


class MovedModule(ModuleType):
    """Stands for a module of 0.2.0 and takes its attributes from the new module."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"danpredict.{old}", f"Moved to ``danpredict.{new}``.")
        self._new = f"danpredict.{new}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's own lookups must not import anything
            raise AttributeError(name)
        return getattr(import_module(self._new), name)


def register_moved_modules() -> None:
    """Make the old module names importable. Nothing is imported before it is used."""
    for old, new in MOVED.items():
        sys.modules.setdefault(f"danpredict.{old}", MovedModule(old, new))
