"""Put a chip back into its image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.sampling import Image
from danpredict.image_input import as_image

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform


def paste_face(
    image: Any,
    chip: Image,
    transform: SimilarityTransform,
    *,
    mask: NDArray[np.floating] | None = None,
) -> Image:
    """Put a chip back into its image, for example after swapping or blurring the face.

    Parameters
    ----------
    image : image as `danpredict.DANShapePredictor` accepts it
        It is not changed.
    chip : (S, S) or (S, S, 3) uint8
        With as many channels as the image.
    transform : SimilarityTransform
        Image to chip, as `danpredict.align_face` returns it.
    mask : (S, S) float, optional
        Opacity of the chip, from 0 to 1; 1 everywhere by default.

    Returns
    -------
    (H, W) or (H, W, 3) uint8
        A new image.

    Raises
    ------
    ValueError
        The chip's channels differ from the image's, or the mask's size from the chip's.
    """
    checked = as_image(image)
    if chip.shape[2:] != checked.shape[2:]:
        raise ValueError(
            f"expected a chip with the channels of the image {checked.shape}, got {chip.shape}"
        )
    opacity = np.ones(chip.shape[:2]) if mask is None else np.asarray(mask, float)
    if opacity.shape != chip.shape[:2]:
        raise ValueError(f"expected a mask of shape {chip.shape[:2]}, got {opacity.shape}")
    size = checked.shape[1::-1]
    flags = cv2.INTER_LINEAR
    to_image = np.linalg.inv(transform.params)[:2]
    face = cv2.warpAffine(chip, to_image, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    weight = cv2.warpAffine(opacity.astype(np.float32), to_image, size, flags=flags)
    if checked.ndim == 3:
        weight = weight[..., None]
    return np.asarray(np.round(face * weight + checked * (1 - weight)), np.uint8)
