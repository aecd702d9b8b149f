"""Train a teacher: ``python -m danpredict.training.teachers.train FOLDER... --out RUN``.

The same command resumes the run in its folder. At the end ``teacher.pt`` holds the averaged
weights as float16, the mean shape, and size and region of the canonical frame.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.transform import SimilarityTransform
from torch import Tensor

from danpredict.boxes.calibration import box_calibration
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.error_boundary import run_program
from danpredict.files.outputs import replacing, write_text
from danpredict.geometry.similarity import (
    FloatArray,
    bounding_box,
    face_transform,
    initial_transform,
    similarity,
)
from danpredict.landmarks.convention import convention as named_convention
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model
from danpredict.training.config import AugmentConfig, TrainingConfig, load_config
from danpredict.training.data import DataSource, read_sources
from danpredict.training.provenance import commit, versions
from danpredict.training.run import BOX_SOURCE, one_opencv_thread
from danpredict.training.run_folder import check_run_folder
from danpredict.training.sampler import Sampler
from danpredict.training.teachers.integral import IntegralTeacher
from danpredict.training.tiles import FaceTiles, canonical_mean_shape, cut_tiles
from danpredict.training.trainer import Trainer

VALIDATION = 0.1  # of the photos; the shipped models were not trained on these photos either
CONFIG = Path(__file__).parent / "integral.toml"


def tile_size(input_size: int) -> int:
    """Side of training tiles, pixels: twice the side of the frame. 112 gives 224."""
    return 2 * input_size


def landmark_transforms(
    rng: np.random.Generator, landmarks: FloatArray, mean_shape: FloatArray, config: AugmentConfig
) -> NDArray[np.float32]:
    """Initial transforms (N, 2, 3): fits of the landmarks, rotated, scaled and shifted at random.

    A teacher refines the landmarks of another model, so its initial transforms include the roll of
    the face, unlike those from detectors. The middle of the face is the centre of the random
    rotation and scaling.
    """
    middle = (mean_shape.min(0) + mean_shape.max(0)) / 2
    extent = np.ptp(mean_shape, axis=0)
    transforms = np.empty((len(landmarks), 2, 3), np.float32)
    for transform, points in zip(transforms, landmarks, strict=True):
        turn = SimilarityTransform(  # type: ignore[no-untyped-call]
            scale=np.exp(rng.normal(0, config.scale)),
            rotation=np.radians(rng.normal(0, config.roll)),
        ).params
        turn[:2, 2] = middle - turn[:2, :2] @ middle + rng.normal(0, config.shift, 2) * extent
        transform[:] = (turn @ face_transform(points, mean_shape).params)[:2]
    return transforms


def refine_initial_transforms(model: Model, faces: FaceTiles, mean_shape: FloatArray) -> None:
    """Replace the faces' initial transforms by the fits of a model's landmarks, in place."""
    cascade = Cascade(model)
    for i, image in enumerate(faces.images):
        matrix = np.vstack([faces.transforms[i], [0, 0, 1]])
        placed = similarity(matrix).inverse(mean_shape)
        first = initial_transform(bounding_box(placed), model.mean_shape)
        landmarks = cascade.refine([image], [first]).stages[-1][0]
        faces.transforms[i] = face_transform(landmarks, mean_shape).params[:2]


class TeacherTrainer(Trainer):
    """The training loop for an `IntegralTeacher`."""

    def build(self, mean_shape: Tensor) -> torch.nn.Module:
        """The network before training; see `Trainer.build`."""
        teacher = IntegralTeacher(mean_shape, self.config.network.input_size)
        return teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def train_teacher(
    sources: list[DataSource],
    out: Path,
    config: TrainingConfig,
    *,
    rectangles: Path | None = None,
    first: str = "lean68",
    seed: int = 0,
) -> Path:
    """Train a teacher, or resume the run in ``out``; returns the path of ``teacher.pt``.

    Parameters
    ----------
    rectangles : Path, optional
        JSON file of detector boxes; see `danpredict.training.run.train`.
    first : str
        The model whose landmarks give the initial transforms of the validation faces.
    """
    convention = named_convention(config.convention)
    data = read_sources(sources, convention.size, rectangles, VALIDATION)
    size = config.network.input_size
    mean_shape = canonical_mean_shape(data.train, convention.mirror, size, config.region)
    out.mkdir(parents=True, exist_ok=True)
    with one_opencv_thread():
        boxes = box_calibration(BOX_SOURCE)
        tiles = cut_tiles(data.train, mean_shape, boxes, tile_size(size))
        validation = cut_tiles(data.validation, mean_shape, boxes, tile_size(size))
        refine_initial_transforms(read_model(find_model(first)), validation, mean_shape)
        recipe = {"config": asdict(config), "seed": seed, "validation_fraction": VALIDATION}
        weights = np.array(data.weights)
        trainer = TeacherTrainer(
            config,
            convention,
            mean_shape,
            Sampler(
                tiles, weights, mean_shape, convention, config.augment, seed, landmark_transforms
            ),
            validation,
            out,
            seed,
            identity=recipe | {"data": data.hashes()},
        )
        trainer.resume()
        provenance = {
            **recipe,
            "data": data.provenance,
            "commit": commit(),
            "versions": versions(),
        }
        write_text(out / "run.json", json.dumps(provenance, indent=1))
        trainer.run()
    state = trainer.averaged.module.state_dict()
    path = out / "teacher.pt"
    half = {name: v.half() if v.is_floating_point() else v for name, v in state.items()}
    half["mean_shape"] = state["mean_shape"]
    with replacing(path) as temporary:
        torch.save({"size": size, "region": config.region, "weights": half}, temporary)
    return path


def load_teacher(path: Path) -> IntegralTeacher:
    """Load a ``teacher.pt``, for inference.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file; it is not a teacher, or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected the file of a teacher, found no {path}")
    try:
        content = torch.load(path, weights_only=True)
        weights = {
            name: v.float() if v.is_floating_point() else v
            for name, v in content["weights"].items()
        }
        teacher = IntegralTeacher(weights["mean_shape"], content["size"])
        teacher.load_state_dict(weights)
    except (OSError, ImportError):
        raise
    except Exception as error:  # zip, pickle and torch each have their own
        raise ValueError(f"expected a teacher, got {path}: {error}") from error
    return teacher.eval()


def main() -> int:
    """The command line. Bad input prints one line and gives exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="data sets of 68 landmarks")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument("--config", default=str(CONFIG), help="a .toml file")
    parser.add_argument("--boxes", type=Path, help="JSON file of detector rectangles")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args()

    def run() -> None:
        torch.set_num_threads(1)
        check_run_folder(options.out, [*options.folders, *filter(None, [options.boxes])])
        sources = [DataSource(folder) for folder in options.folders]
        train_teacher(sources, options.out, load_config(options.config), rectangles=options.boxes)

    return run_program(
        "teachers.train",
        run,
        debug=options.debug,
        stopped="the same command resumes from the checkpoint, if there is one",
    )


if __name__ == "__main__":
    raise SystemExit(main())
