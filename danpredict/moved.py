"""Where public names were in version 0.2.0, so that pickles made with it can be read."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

MOVED = {
    "chips": ("alignment.align", "alignment.paste", "alignment.templates"),
    "conversion": ("landmarks.conversion",),
    "facebox": ("boxes.face_box",),
    "layouts": ("landmarks.convention",),
    "model_file": ("model.file",),
    "objects": ("dlib_compat.detection",),
    "shape_training": ("training.dlib_api", "training.options"),
    "shipped": ("model.zoo",),
    "smoothing": ("video.smoothing",),
    "tracker": ("video.tracker",),
    "twins": ("dlib_compat.stand_ins",),
}


class MovedModule(ModuleType):
    """Stands for a module of 0.2.0 and takes its attributes from the modules that replaced it."""

    def __init__(self, old: str, new: tuple[str, ...]) -> None:
        super().__init__(f"danpredict.{old}", f"Moved to {' and '.join(new)} of danpredict.")
        self._new = new

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):  # Python's own lookups must not import anything
            for new in self._new:
                module = import_module(f"danpredict.{new}")
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def register_moved_modules() -> None:
    """Make the old module names importable. Nothing is imported before it is used."""
    for old, new in MOVED.items():
        sys.modules.setdefault(f"danpredict.{old}", MovedModule(old, new))
