"""Aligned faces: chips for recognition, and what lies behind them.

A template says where some landmarks are to lie in the chip. The chip's pixels are sampled once,
from the original image, with anti-aliasing where the face is larger than the chip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform

from danpredict.alignment.templates import Template
from danpredict.alignment.templates import template as named_template
from danpredict.geometry.sampling import Image, warp
from danpredict.image_input import as_image
from danpredict.landmarks.convention import convention as named_convention
from danpredict.landmarks.conversion import conversion

DLIB_PADDING = 0.25
AS_DLIB = {68: "ibug68", 5: "dlib5"}  # what dlib takes a detection's number of parts for
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
}


def _landmarks(det: Any, convention: str | None) -> tuple[NDArray[np.float64], str]:
    """Landmarks of a detection or an array, and the name of their convention."""
    if hasattr(det, "landmarks"):
        points, own = np.asarray(det.landmarks, float), getattr(det, "convention", None)
    elif hasattr(det, "parts"):
        points, own = np.array([(p.x, p.y) for p in det.parts()], float), None
    else:
        points, own = np.asarray(det, float), None
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"expected landmarks (L, 2) or a detection, got shape {points.shape}")
    name = convention or own or AS_DLIB.get(len(points))
    if name is None:
        raise ValueError(f"expected the convention of {len(points)} landmarks to be named")
    return points, name


def _pairs(
    points: NDArray[np.float64], name: str, target: Template
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The landmarks that the template uses, and its points."""
    if len(points) != named_convention(name).size:
        raise ValueError(
            f"expected {named_convention(name).size} landmarks of {name}, got {len(points)}"
        )
    found = conversion(named_convention(name), named_convention(target.convention)).apply(points)
    used = found[list(target.indices)]
    if not np.isfinite(used).all():
        raise ValueError(
            f"expected finite landmarks that {target.convention} can be had from, got "
            f"{int((~np.isfinite(used).all(1)).sum())} of {len(used)} that are not ({name})"
        )
    return used, np.array(target.points, float)


def _fitted(source: NDArray[np.float64], target: NDArray[np.float64]) -> SimilarityTransform:
    fitted = SimilarityTransform.from_estimate(source, target)
    if not isinstance(fitted, SimilarityTransform) or not np.isfinite(fitted.params).all():
        raise ValueError("expected landmarks in different places, got one place for all of them")
    return fitted


def chip_transform(
    det: Any,
    target: str | Template = "dlib",
    size: int | None = None,
    padding: float = DLIB_PADDING,
    *,
    convention: str | None = None,
) -> SimilarityTransform:
    """Similarity, image to chip, that lays the landmarks onto a template; see `align_face`.

    dlib fits the chip to the image and then counts the sides of the chip's rectangle inclusively,
    so that a chip pixel is ``(size * scale - 1) / (size - 1)`` image pixels; with its template this
    does the same (``chip_details`` in dlib's ``image_transforms/interpolation.h``).
    """
    chosen = named_template(target) if isinstance(target, str) else target
    points, name = _landmarks(det, convention)
    if target == "dlib" and name == "dlib5":
        chosen = named_template("dlib5")
    side = chosen.size if size is None else size
    if side < 2:
        raise ValueError(f"expected a size of at least 2 pixels, got {side}")
    used, places = _pairs(points, name, chosen)
    if not chosen.unit:
        return _fitted(used, places * side / chosen.size)
    if padding < 0:
        raise ValueError(f"expected padding of at least 0, got {padding}")
    places = (padding + places) / (2 * padding + 1) * side
    to_image = _fitted(places, used)
    middle = to_image(np.array([[side / 2, side / 2]]))[0]
    pixel = (side * to_image.scale - 1) / (side - 1)
    if pixel <= 0:
        raise ValueError("expected a face larger than a pixel")
    turn = SimilarityTransform(scale=1 / pixel, rotation=-to_image.rotation)  # type: ignore[no-untyped-call]
    matrix = turn.params.copy()
    matrix[:2, 2] = (side - 1) / 2 - matrix[:2, :2] @ middle
    return SimilarityTransform(matrix=matrix)  # type: ignore[no-untyped-call]


def align_face(
    image: Any,
    det: Any,
    template: str | Template = "dlib",
    size: int | None = None,
    padding: float = DLIB_PADDING,
    *,
    border: str = "constant",
    convention: str | None = None,
) -> tuple[Image, SimilarityTransform]:
    """A chip, and the transform that made it.

    Parameters
    ----------
    image : as `danpredict.DANShapePredictor` takes it
    det : detection, or landmarks (L, 2) in image pixels
        Of danpredict, with its fractions of pixels, or of dlib.
    template : str or Template
        ``"dlib"``, ``"arcface"``, ``"arcface128"``, ``"ffhq"``, or one's own.
    size : int, optional
        Side of the chip, pixels; the template's own by default. Other templates than dlib's grow
        with it.
    padding : float
        For dlib's template: what is added on each side, in sides of the face.
    border : str
        Beyond the image: ``"constant"`` (black, as in dlib), ``"replicate"`` or ``"reflect"``.
    convention : str, optional
        Of the landmarks. A detection of ours tells it; 68 and 5 landmarks are taken as dlib does.

    Returns
    -------
    chip : (size, size) or (size, size, 3) uint8
    transform : skimage.transform.SimilarityTransform
        Image to chip: ``transform(det.landmarks)`` are the landmarks in the chip.

    Raises
    ------
    ValueError
        Landmarks that are not finite, all in one place, or do not hold the template's; a chip that
        lies wholly outside the image; an unknown template or border.
    """
    if border not in BORDERS:
        raise ValueError(f"expected a border out of {list(BORDERS)}, got {border!r}")
    checked = as_image(image)
    transform = chip_transform(det, template, size, padding, convention=convention)
    side = size or (template if isinstance(template, Template) else named_template(template)).size
    corners = transform.inverse(np.array([[0, 0], [side, 0], [0, side], [side, side]], float))
    low, high = corners.min(0), corners.max(0)
    if (high < 0).any() or (low > np.array(checked.shape[1::-1]) - 1).any():
        raise ValueError(
            f"expected a face in the image of {checked.shape[1]} x {checked.shape[0]} pixels, "
            f"got one from {low.round().tolist()} to {high.round().tolist()}"
        )
    levels = warp(checked, transform.inverse, side, BORDERS[border])
    if template != "dlib":  # dlib cuts fractions of a level off
        levels = np.round(levels)
    return levels.astype(np.uint8), transform


def face_chip(
    image: Any,
    det: Any,
    size: int = 150,
    padding: float = DLIB_PADDING,
    *,
    template: str | Template = "dlib",
    convention: str | None = None,
) -> Image:
    """A chip as ``dlib.get_face_chip`` cuts it, or by another template; see `align_face`."""
    return align_face(image, det, template, size, padding, convention=convention)[0]


def face_chips(
    image: Any,
    dets: Sequence[Any],
    size: int = 150,
    padding: float = DLIB_PADDING,
    *,
    template: str | Template = "dlib",
) -> list[Image]:
    """The chips of many faces of one image, as ``dlib.get_face_chips``."""
    return [face_chip(image, det, size, padding, template=template) for det in dets]


def paste_face(
    image: Any,
    chip: Image,
    transform: SimilarityTransform,
    *,
    mask: NDArray[np.floating] | None = None,
) -> Image:
    """Put a chip back into its image, for swaps and blurs.

    Parameters
    ----------
    image : as `danpredict.DANShapePredictor` takes it; not changed
    chip : (S, S) or (S, S, 3) uint8, with the image's channels
    transform : image to chip, from `align_face`
    mask : (S, S) float, optional
        How much of the chip is to be seen, from 0 to 1; all of it by default.

    Returns
    -------
    a new image

    Raises
    ------
    ValueError
        A chip of other channels than the image, or a mask of another size.
    """
    checked = as_image(image)
    if chip.shape[2:] != checked.shape[2:]:
        raise ValueError(f"expected a chip with channels of {checked.shape}, got {chip.shape}")
    cover = np.ones(chip.shape[:2]) if mask is None else np.asarray(mask, float)
    if cover.shape != chip.shape[:2]:
        raise ValueError(f"expected a mask of {chip.shape[:2]}, got {cover.shape}")
    size = checked.shape[1::-1]
    flags = cv2.INTER_LINEAR
    back = np.linalg.inv(transform.params)[:2]
    there = cv2.warpAffine(chip, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    weight = cv2.warpAffine(cover.astype(np.float32), back, size, flags=flags)
    if checked.ndim == 3:
        weight = weight[..., None]
    return np.asarray(np.round(there * weight + checked * (1 - weight)), np.uint8)
