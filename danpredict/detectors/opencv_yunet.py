"""The face detector YuNet in OpenCV: no package is needed beside OpenCV, but a weights file.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20
(2023), 656-665.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from danpredict.boxes.face_box import FaceBox
from danpredict.files.pictures import quiet_opencv
from danpredict.image_input import as_color_image

WEIGHTS = "face_detection_yunet_2023mar.onnx"
WEIGHTS_PAGE = "https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet"
MIN_SCORE = 0.6
MAX_OVERLAP = 0.3  # of the boxes of two faces; OpenCV's default
MAX_BOXES = 5000  # before overlapping boxes are dropped; OpenCV's default
# Larger pictures are shrunk to this side: the network was trained on small faces. In 30 training
# faces of 300-W that filled 40 % of a side, the boxes were off by 3 % of the face at 640 pixels, by
# 10 % at 1280. Faces of 85 to 170 pixels in photos of 3000 pixels were all found at 640, 24 of 24.
MAX_SIDE = 640


class YuNet:
    """YuNet in OpenCV. Several threads cannot share one detector.

    Parameters
    ----------
    weights : Path or None
        The network's file, ONNX.
    upsample : int
        How often the longest side that is not shrunk is doubled, to find smaller faces.

    Raises
    ------
    FileNotFoundError
        No file was given.
    RuntimeError
        OpenCV cannot read the file as a network.
    """

    def __init__(self, weights: Path | None, upsample: int) -> None:
        if weights is None:
            raise FileNotFoundError(
                f"the detector yunet needs a weights file: download {WEIGHTS} from {WEIGHTS_PAGE} "
                "and pass its path: load_detector('yunet', weights='FILE')"
            )
        self.weights, self.upsample = weights, upsample
        self._network = self._load()

    def _load(self) -> Any:
        try:
            with quiet_opencv():
                return cv2.FaceDetectorYN.create(
                    str(self.weights), "", (0, 0), MIN_SCORE, MAX_OVERLAP, MAX_BOXES
                )
        except cv2.error as error:
            raise RuntimeError(
                f"the detector yunet could not load its weights: expected a file such as {WEIGHTS} "
                f"({WEIGHTS_PAGE}), got {self.weights}, which OpenCV refuses: {error.err}"
            ) from error

    def __reduce__(self) -> tuple[type[YuNet], tuple[Path, int]]:
        return YuNet, (self.weights, self.upsample)  # OpenCV's networks cannot be pickled

    def __call__(self, image: Any) -> list[FaceBox]:
        """The boxes of all faces, the best score first."""
        picture = as_color_image(image)[..., ::-1]
        if not picture.size:
            return []
        height, width = picture.shape[:2]
        scale = min(1.0, MAX_SIDE * 2**self.upsample / max(height, width))
        size = (max(1, round(scale * width)), max(1, round(scale * height)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        self._network.setInputSize(size)
        _, rows = self._network.detect(small)
        boxes = [] if rows is None else rows[:, [0, 1, 2, 3, 14]].astype(np.float64).tolist()
        return [self._box(row, width / size[0], height / size[1]) for row in boxes]

    def _box(self, row: list[float], across: float, down: float) -> FaceBox:
        """The box of x, y, width, height and score in the small picture."""
        x, y, width, height, score = row
        left, top = across * (x + 0.5) - 0.5, down * (y + 0.5) - 0.5
        right, bottom = left + across * width, top + down * height
        return FaceBox(left, top, right, bottom, score, "yunet")
