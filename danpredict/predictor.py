"""The drop-in for ``dlib.shape_predictor``: images and rectangles in, detections out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from skimage.transform import SimilarityTransform

from danpredict.boxes import EXPECTED, as_expected, box_calibration
from danpredict.cascade import Cascade, Face, Refined, shared_cascade
from danpredict.conversion import Conversion, conversion
from danpredict.extras import needs_extra
from danpredict.facebox import FaceBox, face_box
from danpredict.geometry import bounding_box, initial_transform
from danpredict.image_input import as_image
from danpredict.images import Image
from danpredict.layouts import Convention, convention
from danpredict.metrics import face_scale
from danpredict.model_file import Model, read_model, unpack
from danpredict.output_files import write_bytes
from danpredict.restart import Refining, refine_once, refine_robustly
from danpredict.shipped import DEFAULT_MODEL, default_model, find_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from danpredict.objects import Detection
    from danpredict.torch_cascade import TorchCascade

CHUNK = 16  # faces in one run of a stage: more gain nothing and need more memory
DEVICE_CHUNK = 256  # likewise, on a GPU
SHARE = 8  # faces that a thread needs; for 2 faces two threads took 1.6 times as long as one


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Options:
    """What a predictor was told besides its model; see `DANShapePredictor`."""

    device: str = "cpu"
    threads: int | None = None
    max_sigma: float | None = None
    convention: str | None = None
    steady: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for values that make no sense; a pickle may hold any."""
        threads, limit = self.threads, self.max_sigma
        if threads is not None and not (isinstance(threads, int | np.integer) and threads >= 1):
            raise ValueError(f"expected threads to be None or at least 1, got {threads!r:.80}")
        if limit is not None and not (isinstance(limit, int | float | np.number) and limit > 0):
            raise ValueError(f"expected max_sigma to be None or above 0, got {limit!r:.80}")
        if not isinstance(self.device, str):
            raise ValueError(f"expected a device such as 'cpu', got {self.device!r:.80}")
        if self.convention is not None and not isinstance(self.convention, str):
            raise ValueError(f"expected a convention's name, got {self.convention!r:.80}")


class DANShapePredictor:
    """Landmarks from a Deep Alignment Network, called and answered like ``dlib.shape_predictor``.

    Parameters
    ----------
    model : str, bytes or os.PathLike, optional
        Name of a shipped model (see `models`) or path of a model file. By default ``lean68-int8``
        on processors that it is faster on, else ``lean68``, the same in float32.
    device : str
        ``"cpu"``, or ``"auto"``, which is the same; or a device of torch such as ``"cuda"``, which
        needs the extra ``torch``. There the default model is ``lean68``.
    threads : int, optional
        How many share the faces of one call, at most; by default as many as there are cores. Each
        gets eight faces at least, so below sixteen there is one, whatever is said here.
    max_sigma : float, optional
        Parts whose expected error is more than this fraction of the distance of the outer eye
        corners (0.1 is a tenth) are returned as dlib's "not present"; by default none are.
    convention : str, optional
        Return the landmarks of this convention, such as ``"dlib5"`` for dlib's five points,
        instead of the model's own; see `danpredict.conventions`. Points that the model's do not
        tell are dlib's "not present", and NaN in ``landmarks`` and ``sigma``.
    steady : bool
        Always begin again from the landmarks that a first pass found, which otherwise happens only
        where they lie far from the rectangle: hardly another answer, but one that depends less
        on the rectangle, for twice the time.
    strict : bool
        Take only the images and rectangles that dlib takes, and raise what dlib raises.
    color : str
        ``"rgb"`` or ``"bgr"``: how colour images are stored. The landmarks are the same, since gray
        is the mean of the channels; it is accepted so that code can say what it has.

    Raises
    ------
    RuntimeError
        The model file is missing or damaged.
    ImportError
        Another device than the CPU, and torch is not installed.
    ValueError
        A device that is not there, another color, threads below 1, a max_sigma that is not above 0
        or that the model cannot tell, a convention that is not known or that the model's landmarks
        do not hold, or, on a GPU, a model in int8.
    """

    def __init__(
        self,
        model: str | bytes | os.PathLike[str] | None = None,
        device: str = "auto",
        threads: int | None = None,
        *,
        max_sigma: float | None = None,
        convention: str | None = None,
        steady: bool = False,
        strict: bool = False,
        color: str = "rgb",
    ) -> None:
        if color not in ("rgb", "bgr"):
            raise ValueError(f"expected color 'rgb' or 'bgr', got {color!r}")
        device = "cpu" if device == "auto" else str(device)
        options = Options(device, threads, max_sigma, convention, bool(steady), bool(strict))
        default = default_model() if device == "cpu" else DEFAULT_MODEL
        self._start(read_model(find_model(default if model is None else model)), options)

    def _start(self, model: Model, options: Options) -> None:
        self._model, self._options = model, options
        self._cascade: Cascade | TorchCascade
        if options.device == "cpu":
            self._cascade = shared_cascade(model)
        else:
            with needs_extra(f"device {options.device!r}", "torch"):
                from danpredict.torch_cascade import TorchCascade, check_device

            self._cascade = TorchCascade(model, check_device(options.device))
        if options.max_sigma is not None and not self._cascade.trust:
            raise ValueError("expected a model that tells sigma for max_sigma, got one without")
        own, wanted = model.layout, options.convention
        self._conversion = None if wanted is None else conversion(own, convention(wanted))
        self._answers_in = wanted or own.name

    @property
    def info(self) -> dict[str, Any]:
        """What the model is: ``model.json`` of its file."""
        return self._model.info

    @property
    def layout(self) -> Convention:
        """The convention of the model's own landmarks."""
        return self._model.layout

    def __call__(self, image: Any, box: Any, *, source: str | None = None) -> Detection:
        """Landmarks of one face.

        Parameters
        ----------
        image : numpy array, PIL.Image or torch.Tensor
            Gray or RGB, uint8 as in dlib, or what `danpredict.image_input` lists; not changed.
        box : dlib.rectangle, or another that `danpredict.face_box` takes
            Image pixels, inclusive. It may lie partly or wholly outside the image. Where dlib is
            not installed: `danpredict.rectangle`.
        source : str, optional
            Name of the detector that framed the face, since every one does it in its own way; see
            `danpredict.load_detector`. A rectangle that does not tell it itself is taken for one
            of dlib's HOG detector.

        Returns
        -------
        Detection
            A ``dlib.full_object_detection`` with ``.rect`` as given (rounded, where it was no
            ``dlib.rectangle``) and ``.landmarks``, (L, 2)
            float32, ``.sigma``, (L,) float32, both in image pixels, and ``.confidence``.

        Raises
        ------
        RuntimeError
            An array that cannot be taken for an image; or the model's answer is not finite or far
            outside of the image, so that its file must be damaged.
        TypeError
            No image, or not a rectangle.
        ValueError
            A rectangle that is not finite, or a source without a calibration.
        OSError, ValueError
            Pillow's own, for a picture of a truncated file or one that is closed.
        """
        return self.predict_batch([image], [[box]], source=source)[0][0]

    def predict(
        self, image: Any, rects: Iterable[Any], *, source: str | None = None
    ) -> list[Detection]:
        """Landmarks of many faces of one image, in the rectangles' order; see `__call__`."""
        return self.predict_batch([image], [rects], source=source)[0]

    def predict_batch(
        self,
        images: Sequence[Any],
        rects_per_image: Sequence[Iterable[Any]],
        *,
        source: str | None = None,
    ) -> list[list[Detection]]:
        """Landmarks of many faces of many images; see `__call__`.

        Raises
        ------
        ValueError
            Not one list of rectangles per image.
        TypeError
            One rectangle where a list of them belongs.
        """
        from danpredict.objects import Detection, check_as_dlib, rectangle_of  # imports dlib

        if len(images) != len(rects_per_image):
            raise ValueError(
                f"expected one list of rectangles per image, got {len(rects_per_image)} lists "
                f"for {len(images)} images"
            )
        calibration = self._model.box
        faces, starts, owners = [], [], []
        for i, (image, rects) in enumerate(zip(images, rects_per_image, strict=True)):
            if not isinstance(rects, Iterable):
                raise TypeError(f"expected a list of rectangles for an image, got {rects!r}")
            rects = list(rects)
            if self._options.strict:
                for rect in rects:
                    check_as_dlib(image, rect)
            checked = as_image(image)
            for rect in rects:
                box = face_box(rect, source)
                start = calibration.landmark_box(*as_expected(box))
                faces.append(checked)
                starts.append(initial_transform(start, self._cascade.mean_shape))
                owners.append((i, rectangle_of(rect, box)))
        detections: list[list[Detection]] = [[] for _ in images]
        found = self._refine(faces, starts, partial(refine_robustly, always=self._options.steady))
        for (stages, sigma, confidence), (i, rect) in zip(found, owners, strict=True):
            present = self._present(stages[-1], sigma)
            if self._conversion is not None:
                stages, sigma, present = self._converted(self._conversion, stages, sigma, present)
            # Converted here, since Detection takes longer to check other kinds.
            stages = stages.astype(np.float32)
            sigma = None if sigma is None else sigma.astype(np.float32)
            det = Detection(rect, stages[-1], sigma, confidence, stages, present, self._answers_in)
            detections[i].append(det)
        return detections

    @property
    def can_follow(self) -> bool:
        """Whether `follow` works: own convention, and a model that tells its confidence."""
        return self._conversion is None and self._cascade.trust

    @property
    def mean_shape(self) -> NDArray[np.floating]:
        """(L, 2), in the canonical frame's pixels."""
        return self._cascade.mean_shape

    def follow(self, image: Any, starts: Sequence[SimilarityTransform]) -> list[Face]:
        """Faces from where the face was in the last frame: no rectangle, one pass.

        Parameters
        ----------
        image : see `__call__`
        starts : N similarities, image to canonical frame
            `danpredict.geometry.pose` of the last landmarks, in the model's own convention.

        Returns
        -------
        list of Face
            Landmarks after each stage, sigma and confidence, as numbers alone.
        """
        return list(self._refine([as_image(image)] * len(starts), starts, refine_once))

    def tracked(self, face: Face) -> Detection:
        """A followed face as detection; ``rect`` is where dlib's HOG detector would have it."""
        from danpredict.objects import Detection, rectangle_of

        stages, sigma, confidence = face
        around = box_calibration(EXPECTED).rectangle_around(bounding_box(stages[-1]))
        rect = rectangle_of(None, FaceBox(*around))
        present = self._present(stages[-1], sigma)
        return Detection(rect, stages[-1], sigma, confidence, None, present, self._answers_in)

    def _refine(
        self,
        images: Sequence[Image],
        starts: Sequence[SimilarityTransform],
        how: Callable[[Refining, Sequence[Image], Sequence[SimilarityTransform]], Refined],
    ) -> Iterator[Face]:
        """Refine faces in parts, which bounds the memory, several at once where it pays."""
        on_device = self._options.device != "cpu"
        threads = 1 if on_device else self._options.threads or available_cores()
        threads = max(1, min(threads, len(images) // SHARE))
        size = max(1, min(DEVICE_CHUNK if on_device else CHUNK, -(-len(images) // threads)))
        parts = [slice(first, first + size) for first in range(0, len(images), size)]
        if threads == 1:
            for part in parts:
                yield from how(self._cascade, images[part], starts[part]).faces()
            return
        assert isinstance(self._cascade, Cascade)  # a device has one thread
        cascade = self._cascade.in_turns()

        def refine(part: slice) -> Refined:
            return how(cascade, images[part], starts[part])

        with ThreadPoolExecutor(threads) as pool:
            try:
                results = pool.map(refine, parts)
            except RuntimeError:
                # No thread can be started: the interpreter is shutting down (this is an atexit
                # function, or a thread that outlived the main one), or the system has none left.
                results = map(refine, parts)
            for refined in results:
                yield from refined.faces()

    @staticmethod
    def _converted(
        found: Conversion,
        stages: NDArray[np.floating],
        sigma: NDArray[np.floating] | None,
        present: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.floating], NDArray[np.floating] | None, NDArray[np.bool_] | None]:
        """The same in another convention; what it lacks is not present."""
        if sigma is not None:
            sigma = found.apply(sigma[:, None])[:, 0]
        if present is not None:
            present = np.asarray(found.weights @ ~present == 0)
        if found.missing:
            present = np.ones(len(found.flags), bool) if present is None else present
            present[found.missing] = False
        return found.apply(stages), sigma, present

    def _present(
        self, landmarks: NDArray[np.floating], sigma: NDArray[np.floating] | None
    ) -> NDArray[np.bool_] | None:
        """Which parts are sure enough; None where nobody asked."""
        if sigma is None or self._options.max_sigma is None:
            return None
        scale = face_scale(landmarks[None], self._model.layout)[0]
        return np.asarray(sigma <= self._options.max_sigma * scale)

    def save(self, predictor_output_filename: str | bytes | os.PathLike[str]) -> None:
        """Write the model file, byte for byte the one that was loaded.

        Raises
        ------
        RuntimeError
            The file cannot be written.
        """
        path = Path(os.fsdecode(predictor_output_filename))
        try:
            write_bytes(path, self._model.data)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"Error serializing the model to {path}: {error}") from error

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self._model.data, "options": self._options}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if (
            not isinstance(state, dict)
            or not isinstance(state.get("data"), bytes)
            or not isinstance(state.get("options"), Options)
        ):
            raise ValueError(f"expected the state of a pickled predictor, got {state!r:.80}")
        state["options"].__post_init__()  # pickle makes objects without it
        self._start(unpack(state["data"], "a pickled predictor"), state["options"])
