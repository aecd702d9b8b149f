"""`DANShapePredictor`, the drop-in for ``dlib.shape_predictor``: image and boxes to detections.

Running the stages is the task of `danpredict.cascade`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danpredict.boxes.calibration import as_expected
from danpredict.boxes.face_box import face_box
from danpredict.cascade.onnx_cascade import Cascade, shared_cascade
from danpredict.cascade.parallel import refine_in_batches
from danpredict.cascade.providers import as_providers
from danpredict.cascade.refinement import refine_robustly
from danpredict.extras import needs_extra
from danpredict.files.outputs import write_bytes
from danpredict.image_input import as_image
from danpredict.landmarks.convention import Convention
from danpredict.model.file import Model, read_model, unpack
from danpredict.model.zoo import find_model, read_default
from danpredict.predictor.detections import DetectionBuilder
from danpredict.predictor.options import Options

if TYPE_CHECKING:
    from danpredict.cascade.torch_cascade import TorchCascade
    from danpredict.dlib_compat.detection import Detection


class DANShapePredictor:
    """Facial landmarks from a Deep Alignment Network, with the interface of dlib's predictor.

    Parameters
    ----------
    model : str, bytes or os.PathLike, optional
        Name of a shipped model (see `danpredict.models`) or path of a model file. The default is
        the value of the environment variable ``DANPREDICT_MODEL``. Without it, the default is
        ``lean68-int8`` on processors where int8 is faster, else ``lean68``, the same in float32.
    device : str
        ``"cpu"`` or ``"auto"``, which is the same; or a torch device such as ``"cuda"``, which
        needs the extra ``torch``. On a torch device the default model is ``lean68``.
    threads : int, optional
        Maximum number of threads that share the faces of one call; all cores by default. Each
        thread gets at least eight faces, so calls with fewer than sixteen use one thread.
    max_sigma : float, optional
        Landmarks with a larger expected error become dlib's "not present". In units of the
        distance of the outer eye corners (0.1 is a tenth). No limit by default.
    convention : str, optional
        Return landmarks of this convention, for example ``"dlib5"`` for dlib's five points; see
        `danpredict.conventions`. Landmarks that the model cannot give are dlib's "not present",
        and NaN in ``landmarks`` and ``sigma``.
    steady : bool
        Refine every face a second time, from the landmarks of the first pass. By default this
        happens only if the landmarks lie far from the box. The landmarks then depend less on the
        box, but a face takes twice the time.
    strict : bool
        Accept only the images and rectangles that dlib accepts; raise dlib's exceptions for others.
    color : str
        ``"rgb"`` or ``"bgr"``. It changes nothing: gray is the mean of the channels, so both
        orders give the same landmarks. It exists so that code can document its images.
    providers : sequence of str or (str, dict), optional
        ONNX Runtime's execution providers by its own names, the preferred one first, for example
        ``["CUDAExecutionProvider", "CPUExecutionProvider"]``; a pair has options too. The default
        is the CPU. If the first one is not the CPU provider, the default model is ``lean68``. It
        cannot be combined with a torch device. See the page on GPUs and providers.

    Raises
    ------
    RuntimeError
        The model file is missing or damaged, or a provider is installed but does not start.
    ImportError
        A torch device, and torch is not installed.
    ValueError
        The device is not available, or is a torch device and the model is int8. The color is
        unknown. ``threads`` is below 1. ``max_sigma`` is not above 0, or the model has no sigma.
        The convention is unknown, or the model's landmarks cannot be converted to it. A provider
        is not installed, or providers come together with a torch device.
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
        providers: Sequence[str | tuple[str, Mapping[str, Any]]] | None = None,
    ) -> None:
        if color not in ("rgb", "bgr"):
            raise ValueError(f"expected color 'rgb' or 'bgr', got {color!r}")
        device = "cpu" if device == "auto" else str(device)
        chosen = None if providers is None else as_providers(providers)
        options = Options(
            device, threads, max_sigma, convention, bool(steady), bool(strict), chosen
        )
        if model is None:
            self._load(read_default(on_cpu=options.on_cpu), options)
        else:
            self._load(read_model(find_model(model)), options)

    @classmethod
    def from_model(cls, model: Model, options: Options | None = None) -> DANShapePredictor:
        """A predictor of a model in memory; raises as the constructor."""
        predictor = cls.__new__(cls)
        predictor._load(model, options or Options())
        return predictor

    def _load(self, model: Model, options: Options) -> None:
        self._model, self._options = model, options
        self._cascade: Cascade | TorchCascade
        if options.device == "cpu":
            self._cascade = shared_cascade(model, options.onnx_providers)
        else:
            with needs_extra(f"device {options.device!r}", "torch"):
                from danpredict.cascade.torch_cascade import TorchCascade, check_device

            self._cascade = TorchCascade(model, check_device(options.device))
        if options.max_sigma is not None and not self._cascade.has_uncertainty:
            raise ValueError("expected a model with sigma for max_sigma, got one without")
        self._builder = DetectionBuilder(model.convention, options.convention, options.max_sigma)

    @property
    def info(self) -> dict[str, Any]:
        """The contents of ``model.json`` in the model file."""
        return self._model.info

    @property
    def convention(self) -> Convention:
        """The convention of the model's own landmarks."""
        return self._model.convention

    @property
    def layout(self) -> Convention:
        """The old name of `convention`, for one more release."""
        return self.convention

    def __call__(self, image: Any, box: Any, *, source: str | None = None) -> Detection:
        """Find the landmarks of one face.

        Parameters
        ----------
        image : numpy array, PIL.Image or torch.Tensor
            Gray or RGB, uint8 as in dlib, or another kind that `danpredict.image_input` lists. It
            is not changed.
        box : dlib.rectangle, or another box that `danpredict.face_box` accepts
            Image pixels, inclusive. It may lie partly or wholly outside the image. Without dlib,
            use `danpredict.rectangle`.
        source : str, optional
            Name of the detector, because each detector frames faces differently; see
            `danpredict.load_detector`. A box without a source is treated as a box of dlib's HOG
            detector.

        Returns
        -------
        Detection
            A ``dlib.full_object_detection``. ``.rect`` is the box as given, or rounded if it was
            not a ``dlib.rectangle``. ``.landmarks`` are (L, 2) float32 and ``.sigma`` (L,) float32,
            both in image pixels; ``.confidence`` is from 0 to 1.

        Raises
        ------
        RuntimeError
            An array that is not an image; or the model computes landmarks that are not finite or
            far outside the image, so its file must be damaged.
        TypeError
            Not an image, or not a box.
        ValueError
            A box that is not finite, or a source without a calibration.
        OSError, ValueError
            From Pillow, for a truncated or closed picture.
        """
        return self.predict_batch([image], [[box]], source=source)[0][0]

    def predict(
        self, image: Any, rects: Iterable[Any], *, source: str | None = None
    ) -> list[Detection]:
        """Find the landmarks of many faces of one image, in the order of ``rects``.

        See `__call__`.
        """
        return self.predict_batch([image], [rects], source=source)[0]

    def predict_batch(
        self,
        images: Sequence[Any],
        rects_per_image: Sequence[Iterable[Any]],
        *,
        source: str | None = None,
    ) -> list[list[Detection]]:
        """Find the landmarks of many faces of many images; see `__call__`.

        Raises
        ------
        ValueError
            The number of lists of boxes is not the number of images.
        TypeError
            One box instead of a list of boxes.
        """
        from danpredict.dlib_compat.detection import rectangle_of  # imports dlib, which takes long

        if len(images) != len(rects_per_image):
            raise ValueError(
                f"expected one list of rectangles per image, got {len(rects_per_image)} lists "
                f"for {len(images)} images"
            )
        calibration, target = self._model.box, self._cascade.target
        faces, transforms, owners = [], [], []
        for i, (image, rects) in enumerate(zip(images, rects_per_image, strict=True)):
            if not isinstance(rects, Iterable):
                raise TypeError(f"expected a list of rectangles for an image, got {rects!r}")
            rects = list(rects)
            if self._options.strict:
                from danpredict.dlib_compat.detectors import check_as_dlib

                for rect in rects:
                    check_as_dlib(image, rect)
            checked = as_image(image)
            for rect in rects:
                box = face_box(rect, source)
                landmark_box = calibration.landmark_box(*as_expected(box))
                faces.append(checked)
                transforms.append(target.initial(landmark_box))
                owners.append((i, rectangle_of(rect, box.sides)))
        refinement = partial(refine_robustly, always=self._options.steady)
        refined = refine_in_batches(
            self._cascade, faces, transforms, refinement, self._options.threads
        )
        detections: list[list[Detection]] = [[] for _ in images]
        for face, (i, rect) in zip(refined, owners, strict=True):
            detections[i].append(self._builder.detection(face, rect))
        return detections

    def save(self, predictor_output_filename: str | bytes | os.PathLike[str]) -> None:
        """Write the model file. Its bytes are those of the file that was loaded.

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
        state["options"].check()
        self._load(unpack(state["data"], "a pickled predictor"), state["options"])
