"""Face detectors with one interface: from an image to a list of `FaceBox`."""

# Pickles of version 0.2.0 refer to this name.
from danpredict.detectors.load import load_detector

__all__ = ["load_detector"]
