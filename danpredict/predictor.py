"""The drop-in for ``dlib.shape_predictor``: images and rectangles in, detections out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from danpredict.conventions import convention
from danpredict.images import check_image
from danpredict.model_file import Model, read_model, unpack
from danpredict.resources import data_folder

if TYPE_CHECKING:
    import dlib
    from numpy.typing import NDArray

    from danpredict.dlib_objects import Detection

DEFAULT_MODEL = "lean68"
CHUNK = 32  # faces in one run of a stage: bounds memory


def models() -> list[str]:
    """Names of the models that ship with danpredict."""
    return sorted(path.stem for path in data_folder("weights").glob("*.dan"))


def find_model(name: str | bytes | os.PathLike[str]) -> Path:
    """Path of a shipped model by its name; anything else is a path already."""
    path = Path(os.fsdecode(name))
    return data_folder("weights") / f"{path}.dan" if str(path) in models() else path


class DANShapePredictor:
    """Landmarks from a Deep Alignment Network, called and answered like ``dlib.shape_predictor``.

    Parameters
    ----------
    model : str, bytes or os.PathLike
        Name of a shipped model (see `models`) or path of a model file.
    device : str
        ``"cpu"``, or ``"auto"``, which is the same.
    threads : int, optional
        Threads of one call; by default all cores.
    max_sigma : float, optional
        Parts whose expected error is more than this fraction of the distance of the outer eye
        corners (0.1 is a tenth) are returned as dlib's "not present"; by default none are.

    Raises
    ------
    RuntimeError
        The model file is missing or damaged.
    ValueError
        Another device, threads below 1, or a max_sigma that is not above 0 or that the model
        cannot tell.
    """

    def __init__(
        self,
        model: str | bytes | os.PathLike[str] = DEFAULT_MODEL,
        device: str = "auto",
        threads: int | None = None,
        *,
        max_sigma: float | None = None,
    ) -> None:
        if device not in ("auto", "cpu"):
            raise ValueError(f"expected device 'auto' or 'cpu', got {device!r}")
        if threads is not None and threads < 1:
            raise ValueError(f"expected threads to be None or at least 1, got {threads}")
        if max_sigma is not None and not max_sigma > 0:
            raise ValueError(f"expected max_sigma to be None or above 0, got {max_sigma}")
        self._start(read_model(find_model(model)), threads, max_sigma)

    def _start(self, model: Model, threads: int | None, max_sigma: float | None) -> None:
        from danpredict.cascade import Cascade  # imports scikit-image and ONNX Runtime

        self._model, self._threads, self._max_sigma = model, threads, max_sigma
        self._cascade = Cascade(model, threads)
        if max_sigma is not None and not self._cascade.trust:
            raise ValueError("expected a model that tells sigma for max_sigma, got one without")

    @property
    def info(self) -> dict[str, Any]:
        """What the model is: ``model.json`` of its file."""
        return self._model.info

    def __call__(self, image: NDArray[np.uint8], box: dlib.rectangle) -> Detection:
        """Landmarks of one face.

        Parameters
        ----------
        image : (H, W) or (H, W, 3) uint8
            Gray or RGB. The channels weigh the same, so BGR gives the same landmarks.
        box : dlib.rectangle
            The face as dlib's HOG detector frames it, image pixels, inclusive. It may lie partly
            or wholly outside the image.

        Returns
        -------
        Detection
            A ``dlib.full_object_detection`` with ``.rect`` as given and ``.landmarks``, (L, 2)
            float32, ``.sigma``, (L,) float32, both in image pixels, and ``.confidence``.

        Raises
        ------
        RuntimeError
            The image is not 8-bit gray or RGB.
        TypeError
            Not a numpy array, or not a ``dlib.rectangle``.
        """
        return self.predict_batch([image], [[box]])[0][0]

    def predict(self, image: NDArray[np.uint8], rects: Iterable[dlib.rectangle]) -> list[Detection]:
        """Landmarks of many faces of one image, in the rectangles' order; see `__call__`."""
        return self.predict_batch([image], [rects])[0]

    def predict_batch(
        self,
        images: Sequence[NDArray[np.uint8]],
        rects_per_image: Sequence[Iterable[dlib.rectangle]],
    ) -> list[list[Detection]]:
        """Landmarks of many faces of many images; see `__call__`.

        Raises
        ------
        ValueError
            Not one list of rectangles per image.
        TypeError
            One rectangle where a list of them belongs.
        """
        from danpredict.dlib_objects import Detection, rectangle_sides
        from danpredict.geometry import initial_transform

        if len(images) != len(rects_per_image):
            raise ValueError(
                f"expected one list of rectangles per image, got {len(rects_per_image)} lists "
                f"for {len(images)} images"
            )
        calibration = self._model.box
        faces, starts, owners = [], [], []
        for i, (image, rects) in enumerate(zip(images, rects_per_image, strict=True)):
            checked = check_image(image)
            if not isinstance(rects, Iterable):
                raise TypeError(f"expected a list of rectangles for an image, got {rects!r}")
            for rect in rects:
                box = calibration.landmark_box(*rectangle_sides(rect))
                faces.append(checked)
                starts.append(initial_transform(box, self._cascade.mean_shape))
                owners.append((i, rect))
        detections: list[list[Detection]] = [[] for _ in images]
        for first in range(0, len(faces), CHUNK):
            part = slice(first, first + CHUNK)
            refined = self._cascade.refine(faces[part], starts[part])
            for number, (i, rect) in enumerate(owners[part]):
                stages, sigma, confidence = refined.face(number)
                present = self._present(stages[-1], sigma)
                detections[i].append(
                    Detection(rect, stages[-1], sigma, confidence, stages, present)
                )
        return detections

    def _present(
        self, landmarks: NDArray[np.float64], sigma: NDArray[np.float64] | None
    ) -> NDArray[np.bool_] | None:
        """Which parts are sure enough; None where nobody asked."""
        if sigma is None or self._max_sigma is None:
            return None
        first, second = convention(self._model.info["convention"]).eyes
        eyes = np.linalg.norm(landmarks[first] - landmarks[second])
        return np.asarray(sigma <= self._max_sigma * eyes)

    def save(self, predictor_output_filename: str | bytes | os.PathLike[str]) -> None:
        """Write the model file, byte for byte the one that was loaded.

        Raises
        ------
        RuntimeError
            The file cannot be written.
        """
        path = Path(os.fsdecode(predictor_output_filename))
        try:
            path.write_bytes(self._model.data)
        except OSError as error:
            raise RuntimeError(f"Error serializing the model to {path}: {error}") from error

    def __getstate__(self) -> dict[str, Any]:
        return {
            "data": self._model.data,
            "threads": self._threads,
            "max_sigma": self._max_sigma,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        model = unpack(state["data"], "a pickled predictor")
        self._start(model, state["threads"], state["max_sigma"])
