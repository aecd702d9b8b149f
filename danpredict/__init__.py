"""danpredict: a drop-in for ``dlib.shape_predictor`` with a Deep Alignment Network inside."""

from danpredict.conventions import convention
from danpredict.predictor import DANShapePredictor, models
from danpredict.version import __version__

__all__ = ["DANShapePredictor", "__version__", "convention", "models"]
