"""The drop-in for ``dlib.shape_predictor``."""

from danpredict.predictor.options import Options
from danpredict.predictor.predictor import DANShapePredictor

__all__ = ["DANShapePredictor", "Options"]
