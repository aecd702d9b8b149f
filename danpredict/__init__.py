"""danpredict: a drop-in for ``dlib.shape_predictor`` with a Deep Alignment Network inside."""

from typing import Any

from danpredict.conventions import convention
from danpredict.predictor import DANShapePredictor, models
from danpredict.version import __version__

__all__ = [
    "DANShapePredictor",
    "Detection",
    "__version__",
    "convention",
    "models",
    "point",
    "points",
    "rectangle",
]

# dlib's where it is installed, else their twins; looked up late, since dlib takes long to import.
LATE = ("Detection", "point", "points", "rectangle")


def __getattr__(name: str) -> Any:
    if name in LATE:
        from danpredict import objects

        return getattr(objects, name)
    raise AttributeError(f"module 'danpredict' has no attribute {name!r}")
