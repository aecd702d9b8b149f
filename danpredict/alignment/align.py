"""Cut aligned faces (chips) out of an image.

A template says where some landmarks lie in the chip. A similarity transform, fitted by least
squares, maps the landmarks onto it. Each chip is sampled once, from the original image, with
anti-aliasing if the face is larger than the chip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from danpredict.alignment.templates import Template
from danpredict.alignment.templates import template as template_by_name
from danpredict.geometry.sampling import Image, warp
from danpredict.geometry.similarity import fit_similarity, similarity
from danpredict.image_input import as_image
from danpredict.landmarks.convention import DLIB_CONVENTIONS
from danpredict.landmarks.convention import convention as convention_by_name
from danpredict.landmarks.conversion import conversion
from danpredict.landmarks.points import landmarks_of

if TYPE_CHECKING:
    from skimage.transform import SimilarityTransform

DLIB_PADDING = 0.25  # the default of dlib.get_face_chip
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
}


def _landmarks(det: Any, convention: str | None) -> tuple[NDArray[np.float64], str]:
    """Landmarks (L, 2) of a detection or an array, and the name of their convention."""
    landmarks, own = landmarks_of(det), getattr(det, "convention", None)
    name = convention or own or DLIB_CONVENTIONS.get(len(landmarks))
    if name is None:
        raise ValueError(
            f"expected the name of a convention for {len(landmarks)} landmarks, got none: pass "
            "convention="
        )
    return landmarks, name


def _used_landmarks(
    landmarks: NDArray[np.float64], name: str, template: Template
) -> NDArray[np.float64]:
    """The landmarks that a template uses, converted from the convention ``name``."""
    source = convention_by_name(name)
    if len(landmarks) != source.size:
        raise ValueError(f"expected {source.size} landmarks of {name}, got {len(landmarks)}")
    converted = conversion(source, convention_by_name(template.convention)).apply(landmarks)
    used: NDArray[np.float64] = converted[list(template.indices)]
    bad = int((~np.isfinite(used).all(1)).sum())
    if bad:
        raise ValueError(
            f"expected finite landmarks for the template's {len(used)} points of "
            f"{template.convention}, got {bad} that are NaN or infinite after conversion from "
            f"{name}"
        )
    return used


def _fit(source: NDArray[np.float64], target: NDArray[np.float64]) -> SimilarityTransform:
    fitted = fit_similarity(source, target)
    if fitted is None:
        raise ValueError("expected landmarks in different places, got all in one place")
    return fitted


def _template_of(template: str | Template) -> Template:
    return template_by_name(template) if isinstance(template, str) else template


def _dlib_transform(
    landmarks: NDArray[np.float64], points: NDArray[np.float64], size: int, padding: float
) -> SimilarityTransform:
    """Image to chip as in dlib, from (L, 2) landmarks to (L, 2) points in units of the face.

    dlib fits the chip to the image and then counts the sides of the chip's rectangle inclusively.
    So a chip pixel is ``(size * scale - 1) / (size - 1)`` image pixels. Source: ``chip_details`` in
    dlib's ``image_transforms/interpolation.h``.
    """
    if padding < 0:
        raise ValueError(f"expected padding of at least 0, got {padding}")
    points = (padding + points) / (2 * padding + 1) * size
    to_image = _fit(points, landmarks)
    centre = to_image(np.array([[size / 2, size / 2]]))[0]
    pixel = (size * to_image.scale - 1) / (size - 1)
    if pixel <= 0:
        raise ValueError("expected a face larger than one pixel")
    cos, sin = np.cos(to_image.rotation) / pixel, np.sin(to_image.rotation) / pixel
    matrix = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    matrix[:2, 2] = (size - 1) / 2 - matrix[:2, :2] @ centre
    return similarity(matrix)


def chip_transform(
    det: Any,
    template: str | Template = "dlib",
    size: int | None = None,
    padding: float = DLIB_PADDING,
    *,
    convention: str | None = None,
) -> SimilarityTransform:
    """The similarity transform, image to chip, of a face; see `align_face`."""
    chosen = _template_of(template)
    landmarks, name = _landmarks(det, convention)
    if template == "dlib" and name == "dlib5":
        chosen = template_by_name("dlib5")
    side = chosen.size if size is None else size
    if side < 2:
        raise ValueError(f"expected a size of at least 2 pixels, got {side}")
    used, points = _used_landmarks(landmarks, name, chosen), np.array(chosen.points, float)
    if chosen.unit:
        return _dlib_transform(used, points, side, padding)
    return _fit(used, points * side / chosen.size)


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
    """Cut out a chip, and return it with its transform.

    Parameters
    ----------
    image : image as `danpredict.DANShapePredictor` accepts it
    det : detection of danpredict or dlib, or landmarks (L, 2) in image pixels
        Fractions of a pixel are used if the detection has them.
    template : str or Template
        ``"dlib"``, ``"arcface"``, ``"arcface128"``, ``"ffhq"``, or your own.
    size : int, optional
        Side of the chip, pixels; the template's own by default. All templates but dlib's are
        scaled to it.
    padding : float
        Margin on each side, in units of the face's side. Only for dlib's template.
    border : str
        Pixels outside the image: ``"constant"`` (black, as in dlib), ``"replicate"`` or
        ``"reflect"``.
    convention : str, optional
        Convention of the landmarks. The default is the detection's own; without one, 68 landmarks
        are ``ibug68`` and 5 are ``dlib5``, as in dlib.

    Returns
    -------
    chip : (size, size) or (size, size, 3) uint8
    transform : skimage.transform.SimilarityTransform
        Image to chip: ``transform(det.landmarks)`` are the landmarks in the chip.

    Raises
    ------
    ValueError
        The landmarks are not finite, all coincide, or cannot be converted to the template's
        convention; the chip lies completely outside the image; or the template, border or
        convention is unknown.
    """
    if border not in BORDERS:
        raise ValueError(f"expected a border out of {list(BORDERS)}, got {border!r}")
    checked = as_image(image)
    transform = chip_transform(det, template, size, padding, convention=convention)
    side = _template_of(template).size if size is None else size
    corners = transform.inverse(np.array([[0, 0], [side, 0], [0, side], [side, side]], float))
    low, high = corners.min(0), corners.max(0)
    if (high < 0).any() or (low > np.array(checked.shape[1::-1]) - 1).any():
        raise ValueError(
            f"expected a face inside the image of {checked.shape[1]} x {checked.shape[0]} pixels, "
            f"got one from (x, y) = {low.round().tolist()} to {high.round().tolist()}"
        )
    levels = warp(checked, transform.inverse, side, BORDERS[border])
    if template != "dlib":  # dlib truncates gray levels instead of rounding
        levels = np.round(levels)
    return levels.astype(np.uint8), transform


def face_chip(
    image: Any,
    det: Any,
    size: int | None = None,
    padding: float = DLIB_PADDING,
    *,
    template: str | Template = "dlib",
    convention: str | None = None,
) -> Image:
    """Cut out a chip as ``dlib.get_face_chip`` does, or by another template; see `align_face`.

    ``size`` is the template's own by default: 150 pixels for dlib's, as in dlib.
    """
    return align_face(image, det, template, size, padding, convention=convention)[0]


def face_chips(
    image: Any,
    dets: Sequence[Any],
    size: int | None = None,
    padding: float = DLIB_PADDING,
    *,
    template: str | Template = "dlib",
) -> list[Image]:
    """Cut out the chips of many faces of one image, as ``dlib.get_face_chips``; see `face_chip`."""
    return [face_chip(image, det, size, padding, template=template) for det in dets]
