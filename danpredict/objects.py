"""Detections and rectangles: dlib's where dlib is installed, else their twins.

The only file that imports dlib.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.facebox import FaceBox
from danpredict.geometry import FARTHEST

try:
    import dlib as _library

    HAVE_DLIB = True
except ModuleNotFoundError:
    from danpredict import twins as _library

    HAVE_DLIB = False

point, points, rectangle = _library.point, _library.points, _library.rectangle

ABSENT = 2**51 - 1  # x and y of dlib's OBJECT_PART_NOT_PRESENT, which has no name in Python
FARTHEST_PART = 2**47  # pixels; with FRACTION bits behind the point, larger ones overflow 63 bits
FRACTION = 16  # bits behind the point: steps of 1/65536 pixel
COORDINATE = np.dtype(
    [("sign", "u1"), ("mantissa", "<u8"), ("exponent_sign", "u1"), ("exponent", "u1")]
)


def _packed(value: int) -> bytes:
    """A whole number as dlib writes it: size and sign in one byte, then the magnitude."""
    magnitude = abs(value)
    data = magnitude.to_bytes(max(1, (magnitude.bit_length() + 7) // 8), "little")
    return bytes([len(data) | (0x80 if value < 0 else 0)]) + data


def dlib_state(rect: Any, landmarks: NDArray[np.floating], present: NDArray[np.bool_]) -> bytes:
    """What dlib 20.0.1 unpickles into a detection whose parts have fractions.

    The format is that of dlib's ``serialize`` for ``full_object_detection``, version 2: the
    rectangle, then every coordinate as a mantissa and a power of two.
    """
    sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
    head = b"".join(map(_packed, (2, *sides, len(landmarks))))
    coordinates = np.empty(landmarks.size, COORDINATE)
    known = landmarks.astype(np.float64)
    all_present = bool(present.all())
    if not all_present:
        known[~present] = 0
    mantissa = np.round(known.ravel() * 2**FRACTION).astype(np.int64)
    coordinates["sign"] = np.where(mantissa < 0, 0x88, 0x08)
    coordinates["mantissa"] = np.abs(mantissa)
    coordinates["exponent_sign"] = 0x81
    coordinates["exponent"] = FRACTION
    if not all_present:
        coordinates[~np.repeat(present, 2)] = (0x08, ABSENT, 0x01, 0)
    return head + coordinates.tobytes()


def _takes_fractions() -> bool:
    """Whether this dlib keeps fractions of parts; from 20.0.1 on it does."""
    if not HAVE_DLIB:
        return False
    try:
        probe = _library.full_object_detection.__new__(_library.full_object_detection)
        probe.__setstate__(
            (dlib_state(rectangle(1, 2, 3, 4), np.array([[0.75, -2.25]]), np.ones(1, bool)),)
        )
        parts = [(p.x, p.y) for p in probe.parts()]
    except RuntimeError:
        return False
    return probe.rect == rectangle(1, 2, 3, 4) and parts == [(1, -2)]


FRACTIONS_INSIDE = _takes_fractions()


def _as_float32(values: Any) -> NDArray[np.float32]:
    array = np.array(values)
    if array.dtype.kind not in "iuf" and array.size:
        raise TypeError(f"values of {array.dtype}")
    with np.errstate(over="ignore"):  # becomes infinite, and is refused as such
        return array.astype(np.float32)


def _check_finite(landmarks: NDArray[np.float32]) -> None:
    flat = landmarks.ravel().astype(np.float64)  # in which no float32 overflows when squared
    if float(flat.dot(flat)) < FARTHEST_PART:  # nearly always, and in one call
        return
    if not (np.abs(flat) < FARTHEST_PART).all():  # NaN too
        raise ValueError(
            f"expected finite landmarks below 2 ** 47 where present, got {landmarks!r:.80}"
        )


def _numbers(name: str, values: Any, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    """A copy as float32; ValueError for other shapes and for what is no number."""
    try:
        if isinstance(values, np.ndarray) and values.dtype == np.float32:  # as ours are
            array = np.array(values)
        else:
            array = _as_float32(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected numbers for {name}, got {values!r:.80}: {error}") from error
    wanted = tuple("L" if side is None else side for side in shape)
    if array.ndim != len(shape) or any(
        side not in (None, found) for side, found in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"expected {name} of shape {wanted}, got {array.shape}")
    return array


def _confidence(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 <= number <= 1:
        raise ValueError(f"expected a confidence from 0 to 1, got {value!r:.80}")
    return number


def _present(values: Any, count: int) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if array.shape != (count,) or array.dtype != np.bool_:
        raise ValueError(f"expected {count} bools for present, got {values!r:.80}")
    return array


class Detection(_library.full_object_detection):  # type: ignore[misc]  # dlib has no types
    """A ``dlib.full_object_detection`` (or its twin) that also keeps the landmarks' fractions.

    With dlib 20.0.1 or newer dlib's own functions, such as ``get_face_chip``, use the fractions
    too; ``part(i)`` and ``parts()`` are whole pixels always, ``floor(x + 0.5)`` as dlib rounds.

    Attributes
    ----------
    landmarks : (L, 2) float32
        x, y in image pixels.
    sigma : (L,) float32 or None
        Expected error of each landmark, image pixels; None where the model does not say.
    confidence : float or None
        Probability that this is a face, found well (mean error below 8 % of the distance of the
        outer eye corners); None where the model does not say.
    stages : (S, L, 2) float32 or None
        Landmarks after each stage, the last as in ``landmarks``.
    present : (L,) bool
        False where ``part(i)`` is dlib's "not present"; ``landmarks`` has a guess there too, or NaN
        for points that the model's convention does not hold.
    convention : str or None
        Name of the landmarks' convention.
    track_id : int or None
        Number of the face in a video; see `danpredict.Tracker`.

    Raises
    ------
    TypeError
        A rect that is no rectangle.
    ValueError
        Arrays of other shapes, or landmarks that are present and not finite, or 2 ** 47 or more.
    """

    track_id: int | None = None

    def __init__(
        self,
        rect: Any,
        landmarks: NDArray[np.floating],
        sigma: NDArray[np.floating] | None = None,
        confidence: float | None = None,
        stages: NDArray[np.floating] | None = None,
        present: NDArray[np.bool_] | None = None,
        convention: str | None = None,
    ) -> None:
        self.convention = convention
        self.landmarks = _numbers("landmarks", landmarks, (None, 2))
        count = len(self.landmarks)
        self.sigma = None if sigma is None else _numbers("sigma", sigma, (count,))
        self.confidence = None if confidence is None else _confidence(confidence)
        self.stages = None if stages is None else _numbers("stages", stages, (None, count, 2))
        self.present = np.ones(count, bool) if present is None else _present(present, count)
        _check_finite(self.landmarks if present is None else self.landmarks[self.present])
        if not isinstance(rect, rectangle):
            raise TypeError(f"expected a dlib.rectangle for rect, got {rect!r:.80}")
        if FRACTIONS_INSIDE:
            self.__setstate__((dlib_state(rect, self.landmarks, self.present),))
            return
        known = np.where(self.present[:, None], self.landmarks.astype(np.float64), 0)
        rounded = np.floor(known + 0.5).astype(np.int64)
        rounded[~self.present] = ABSENT
        super().__init__(rect, [point(x, y) for x, y in rounded.tolist()])

    def __reduce__(self) -> tuple[Any, ...]:
        # dlib's own pickling forgets a subclass's attributes.
        rect = self.rect
        sides = (rect.left(), rect.top(), rect.right(), rect.bottom())
        return _restore, (sides, self.__dict__)


def _restore(sides: tuple[int, int, int, int], attributes: dict[str, Any]) -> Detection:
    """What pickle calls; ValueError for a state that is no detection's."""
    names = ("landmarks", "sigma", "confidence", "stages", "present", "convention")
    if not isinstance(attributes, dict) or not set(names) <= set(attributes):
        raise ValueError(
            f"expected a pickled detection with the attributes {names}, got {attributes!r:.80}"
        )
    try:
        rect = rectangle(*sides)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"expected the four whole sides of a rectangle, got {sides!r:.80}"
        ) from error
    detection = Detection(rect, *(attributes[name] for name in names))
    # Among the others is what users added.
    detection.__dict__.update({k: v for k, v in attributes.items() if k not in names})
    return detection


def rectangle_of(given: Any, box: FaceBox) -> Any:
    """The very rectangle where one was given, else the box rounded to whole pixels."""
    if isinstance(given, rectangle):
        return given
    return rectangle(*(round(min(max(side, -FARTHEST), FARTHEST)) for side in box.sides))


def check_as_dlib(image: Any, rect: Any) -> None:
    """Raise what dlib's own predictor raises for an image or a rectangle, type and message.

    Where dlib is installed its predictor without parts is asked.
    """
    if HAVE_DLIB:
        _library.shape_predictor()(image, rect)
        return
    if not isinstance(image, np.ndarray) or not isinstance(rect, rectangle):
        raise TypeError(
            "__call__(): incompatible function arguments. The following argument types are "
            "supported:\n    1. (image: numpy.ndarray, box: rectangle) -> full_object_detection"
            f"\n\nInvoked with: {image!r}, {rect!r}"
        )
    if image.dtype != np.uint8 or not (
        image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))
    ):
        raise RuntimeError("Unsupported image type, must be 8bit gray or RGB image.")


def frontal_face_detector() -> Any:
    """The HOG detector of dlib.

    Raises
    ------
    ImportError
        dlib is not installed.
    """
    _need_dlib()
    return _library.get_frontal_face_detector()


def cnn_face_detector(weights: Path) -> Any:
    """The CNN detector of dlib, from its file; raises as `frontal_face_detector`."""
    _need_dlib()
    return _library.cnn_face_detection_model_v1(str(weights))


def _need_dlib() -> None:
    if not HAVE_DLIB:
        raise ImportError(
            "dlib's detectors need dlib: pip install 'danpredict[dlib-bin]' (a wheel) or "
            "'danpredict[dlib]' (compiles)"
        )
