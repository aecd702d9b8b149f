"""Boxes around faces: detectors, and where the landmarks lie in their boxes."""

from danpredict.boxes.calibration import BoxCalibration  # where pickles made by 0.2.0 look for it

__all__ = ["BoxCalibration"]
