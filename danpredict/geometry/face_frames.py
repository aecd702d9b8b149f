"""The gray canonical frames of many faces, stage after stage."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.blocks import Image
from danpredict.geometry.complex_similarity import Similarity
from danpredict.geometry.region import Region, bounds_of, read_gray

# Of the frame's side, read around the frame of a large face, whose pixels are averaged. The second
# frame needed at most 0.12 for three quarters of 75 training faces of 300-W with dlib's boxes, and
# at most 0.16 for nine tenths. Smaller faces are read without a margin: 64 faces took 0.94 times as
# long, because turned faces would need a larger margin.
MARGIN = 0.15


class FaceFrames:
    """Samples N faces. The region of a large face is read once, with a margin for the next stages.

    Parameters
    ----------
    images : N images, (H, W) or (H, W, 3) uint8
    size : int
        Side of the canonical frame, pixels.
    """

    def __init__(self, images: Sequence[Image], size: int) -> None:
        self.images, self.size = images, size
        self.regions: list[Region | None] = [None] * len(images)

    def sample(self, to_image: Sequence[Similarity]) -> NDArray[np.float32]:
        """The frames that N transforms, canonical frame to image, cut out.

        Returns
        -------
        (N, 1, size, size) float32 in 0 to 255
            An empty image is black.
        """
        size = self.size
        frames = np.empty((len(self.images), 1, size, size), np.float32)
        for i, (image, transform) in enumerate(zip(self.images, to_image, strict=True)):
            if not image.size:
                frames[i] = 0
                continue
            bounds, region = bounds_of(image.shape, transform, size), self.regions[i]
            if region is None or not region.bounds.contains(bounds):
                margin = MARGIN if bounds.factor > 1 else 0.0
                read = bounds_of(image.shape, transform, size, margin)
                region = self.regions[i] = read_gray(image, read)
            region.sample(transform, size, cv2.BORDER_REPLICATE, bounds, frames[i, 0])
        return frames
