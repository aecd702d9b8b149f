"""`draw`: the landmarks, boxes and confidences of faces, drawn into a copy of their picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danpredict.drawing.marks import BLACK, WHITE, Colour, dots, frame, write
from danpredict.geometry.sampling import Image
from danpredict.image_input import as_color_image
from danpredict.landmarks.points import landmarks_of

CERTAIN, UNCERTAIN = (0, 190, 255), (255, 120, 0)  # RGB, blue and orange: distinct for everyone
# A landmark is uncertain if its sigma is above this fraction of the face's half diagonal, which is
# about the distance of the outer eye corners: the error above which a face counts as a failure.
UNCERTAIN_SIGMA = 0.08
UNCERTAIN_FACE = 0.7  # all landmarks of a face with a lower confidence are uncertain
RADIUS = 0.02  # of a dot, in half diagonals
MIN_RADIUS, OUTLINED = 0.6, 2.0  # pixels; dots of the second size and above get a dark outline
MIN_TEXT = 9  # pixels, height of a digit that can still be read
FARTHEST = 2.0**30  # pixels; dlib marks a missing landmark by a number above this


class Marks(NamedTuple):
    """What is drawn of one face.

    Attributes
    ----------
    points : (L, 2) float, image pixels
        NaN if the landmark is missing.
    uncertain : (L,) bool
    box : tuple of float, or None
        Left, top, right, bottom.
    label : str
    """

    points: NDArray[np.float64]
    uncertain: NDArray[np.bool_]
    box: tuple[float, float, float, float] | None
    label: str

    @property
    def extent(self) -> tuple[NDArray[np.float64], float]:
        """Top-left corner (2,) of the tight box of the landmarks, and half of its diagonal."""
        known = self.points[np.isfinite(self.points).all(1)]
        if len(known):
            low, high = known.min(0), known.max(0)
        else:
            low, high = np.reshape(self.box or (0, 0, 0, 0), (2, 2))
        return low, float(np.linalg.norm(high - low)) / 2


def _marks(face: Any) -> Marks:
    points = landmarks_of(face)
    points[~(np.abs(points) < FARTHEST).all(1)] = np.nan
    confidence, sigma = getattr(face, "confidence", None), getattr(face, "sigma", None)
    unsure = confidence is not None and confidence < UNCERTAIN_FACE
    marks = Marks(points, np.full(len(points), unsure), _box(face), _label(face, confidence))
    if sigma is not None:
        marks.uncertain[sigma > UNCERTAIN_SIGMA * marks.extent[1]] = True
    present = getattr(face, "present", None)
    if present is not None:
        marks.uncertain[~present] = True
    return marks


def _box(face: Any) -> tuple[float, float, float, float] | None:
    rect = getattr(face, "rect", None)
    if rect is None:
        return None
    return rect.left(), rect.top(), rect.right(), rect.bottom()


def _label(face: Any, confidence: float | None) -> str:
    """``"3: 0.98"`` for a face of a video, ``"0.98"`` for another one; "" if nothing is known."""
    track = getattr(face, "track_id", None)
    parts = ([] if track is None else [f"{track}"]) + (
        [] if confidence is None else [f"{confidence:.2f}"]
    )
    return ": ".join(parts)


def _listed(faces: Any) -> list[Any]:
    """The faces as a list, also if only one was given."""
    if hasattr(faces, "landmarks") or hasattr(faces, "parts"):
        return [faces]
    if not isinstance(faces, Iterable) or isinstance(faces, str | bytes):
        raise TypeError(
            "expected a detection, landmarks (L, 2), or a list of them, got "
            f"{type(faces).__name__} {faces!r:.80}"
        )
    if isinstance(faces, np.ndarray) and faces.ndim == 2:
        return [faces]
    items = list(faces)
    one = bool(items) and not hasattr(items[0], "parts") and np.ndim(items[0]) == 1
    return [np.array(items)] if one else items


def _draw_face(picture: Image, marks: Marks, *, box: bool, text: bool) -> None:
    low, size = marks.extent
    radius = max(MIN_RADIUS, RADIUS * size)
    colour: Colour = UNCERTAIN if 2 * marks.uncertain.sum() > len(marks.points) else CERTAIN
    if box and marks.box is not None:
        frame(picture, marks.box, WHITE, radius / 2)
        low = np.minimum(low, marks.box[:2])
    if radius >= OUTLINED:
        dots(picture, marks.points, 1.4 * radius, BLACK)
    for chosen, ink in ((~marks.uncertain, CERTAIN), (marks.uncertain, UNCERTAIN)):
        dots(picture, marks.points[chosen], radius, ink)
    if text and marks.label:
        corner = low - (0, 3 * radius)
        write(picture, marks.label, corner.tolist(), colour, max(MIN_TEXT, 0.15 * size))


def draw(image: Any, faces: Any, *, boxes: bool = True, text: bool = True) -> Image:
    """Draw faces into a copy of their image.

    Certain landmarks are blue. Uncertain ones are orange: their sigma is above 8 % of the face's
    half diagonal (about the inter-ocular distance), or they are not present, or the face's
    confidence is below 0.7. The dots are as large as the face demands.

    Parameters
    ----------
    image : numpy array, PIL.Image or torch.Tensor
        Of any kind that `danpredict.DANShapePredictor` accepts. It is not changed.
    faces : detection, landmarks, or a list of them
        Detections of danpredict or dlib, or landmarks (L, 2) in image pixels. An array (N, L, 2)
        has N faces. Landmarks that are NaN or outside the image are not drawn.
    boxes : bool
        Draw the boxes of the detections.
    text : bool
        Write the confidences of the detections, and their track numbers in a video.

    Returns
    -------
    (H, W, 3) uint8, RGB
        Also for a gray image.

    Raises
    ------
    TypeError, RuntimeError
        Not an image, as from `danpredict.DANShapePredictor`; or not a face.
    ValueError
        Landmarks of another shape.
    """
    picture = as_color_image(image).copy()
    for face in _listed(faces):
        _draw_face(picture, _marks(face), box=boxes, text=text)
    return picture
