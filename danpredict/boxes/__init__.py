"""Face boxes, and where the landmarks lie in a detector's boxes."""

# Pickles of version 0.2.0 refer to these names.
from danpredict.boxes.calibration import BoxCalibration, fit_box_calibration

__all__ = ["BoxCalibration", "fit_box_calibration"]
