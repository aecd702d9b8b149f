"""Boxes around faces: detectors, and where the landmarks lie in their boxes."""

# Pickles made by 0.2.0 look for these here.
from danpredict.boxes.calibration import BoxCalibration, fit_box_calibration

__all__ = ["BoxCalibration", "fit_box_calibration"]
