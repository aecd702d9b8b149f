"""The apparent skin tone of a face in a picture, from the pixels of its cheeks.

It depends on the light, the exposure and the white balance of the picture as much as on the skin.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from skimage.color import rgb2lab
from skimage.draw import polygon2mask

from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray

# Landmarks of ibug68 around each cheek: lower lid, wing of the nose, corner of the mouth, jaw.
CHEEKS = (41, 31, 48, 3, 2, 1), (46, 35, 54, 13, 14, 15)
# The polygon is shrunk around its middle, so that lids, lips, beard and background stay outside.
# Chosen by looking at the polygons on 17 faces of the five sets and of scikit-image.
SHRUNK = 0.6
# Skin in white light has a b* of 10 to 20. Gray pictures have 0.
SMALLEST_B = 2.0
# Lower limits in degrees: Chardon, Cretois, Hourseau, "Skin colour typology and suntanning
# pathways", International Journal of Cosmetic Science 13, 1991. "Dark" is from Del Bino, Sok,
# Bessac, Bernerd, "Relationship between skin response to ultraviolet exposure and skin color
# type", Pigment Cell Research 19, 2006.
ITA_LIMITS = (-30.0, 10.0, 28.0, 41.0, 55.0)
ITA_NAMES = ("dark", "brown", "tan", "intermediate", "light", "very light")
# L* of 60 separates dark from light skin in photos: Thong, Joniak, Xiang, "Beyond Skin Tone: A
# Multidimensional Measure of Apparent Skin Color", ICCV 2023. The others are 15 away from it.
LIGHTNESS_LIMITS = (45.0, 60.0, 75.0)


class SkinTone(NamedTuple):
    """The median colour of the cheeks.

    Attributes
    ----------
    lightness : float
        L* of CIELAB, 0 to 100.
    ita : float or None
        Individual typology angle, degrees; None for cheeks without yellow, as in gray pictures.
    """

    lightness: float
    ita: float | None


def typology_angle(lightness: float, b: float) -> float | None:
    """The individual typology angle: atan((L* - 50) / b*) in degrees (Chardon et al. 1991).

    None if b* is below `SMALLEST_B`: the angle is not meaningful there.
    """
    if b < SMALLEST_B:
        return None
    return math.degrees(math.atan((lightness - 50) / b))


def skin_tone(image: Image, landmarks: FloatArray) -> SkinTone | None:
    """The apparent skin tone of a face; None if no cheek is labelled and in the picture.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8
        Gray or RGB.
    landmarks : (68, 2) float, image pixels
        Of ``ibug68``; NaN for those that are not labelled.
    """
    mask = np.zeros(image.shape[:2], bool)
    for cheek in CHEEKS:
        corners = landmarks[list(cheek)]
        if np.isfinite(corners).all():
            middle = corners.mean(0)
            shrunk = middle + SHRUNK * (corners - middle)
            inside = polygon2mask(mask.shape, shrunk[:, ::-1])  # type: ignore[no-untyped-call]
            mask |= inside
    if not mask.any():
        return None
    pixels = image[mask]
    colours = np.repeat(pixels[:, None], 3, 1) if pixels.ndim == 1 else pixels
    lightness, _, b = np.median(rgb2lab(colours), axis=0)
    return SkinTone(float(lightness), typology_angle(float(lightness), float(b)))


def ita_group(ita: float) -> str:
    """The name of a range of the individual typology angle."""
    return ITA_NAMES[int(np.searchsorted(ITA_LIMITS, ita, "left"))]


def lightness_groups() -> list[str]:
    """The ranges of the cheeks' lightness, the darkest first."""
    first, last = LIGHTNESS_LIMITS[0], LIGHTNESS_LIMITS[-1]
    middle = [f"L* {low:.0f} to {high:.0f}" for low, high in pairwise(LIGHTNESS_LIMITS)]
    return [f"L* up to {first:.0f}", *middle, f"L* above {last:.0f}"]


def lightness_group(lightness: float) -> str:
    """The name of a range of the cheeks' lightness."""
    return lightness_groups()[int(np.searchsorted(LIGHTNESS_LIMITS, lightness, "left"))]
