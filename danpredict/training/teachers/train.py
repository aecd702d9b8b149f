"""Train a teacher: ``python -m danpredict.training.teachers.train FOLDER... --out RUN``.

The same command resumes the run in its folder. At the end ``teacher.pt`` holds the averaged
weights as float16, with the mean shape and the config.
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
)
from danpredict.landmarks.convention import convention as named_convention
from danpredict.model.file import Model, read_model
from danpredict.model.zoo import find_model
from danpredict.training.config import AugmentConfig, TrainingConfig, load_config
from danpredict.training.provenance import commit, versions
from danpredict.training.run import BOX_SOURCE, DataSource, one_opencv_thread, read_sources
from danpredict.training.run_folder import check_run_folder
from danpredict.training.sampler import Sampler
from danpredict.training.teachers.integral import IntegralTeacher
from danpredict.training.tiles import FaceTiles, canonical_mean_shape, cut_tiles
from danpredict.training.trainer import Trainer

VALIDATION = 0.1  # the fraction of photos that the shipped models were not trained on either
CONFIG = Path(__file__).parent / "integral.toml"


def tile_size(input_size: int) -> int:
    """Side of training tiles: twice the frame, as 224 pixels are for 112."""
    return 2 * input_size


def landmark_starts(
    rng: np.random.Generator, landmarks: FloatArray, mean_shape: FloatArray, config: AugmentConfig
) -> NDArray[np.float32]:
    """Initial transforms (N, 2, 3) as a first estimate of the landmarks gives them, with noise.

    A teacher refines landmarks that another model found, so its starts know how a face is rolled:
    the similarity of the landmarks, turned, scaled and shifted about the face's middle.
    """
    middle = (mean_shape.min(0) + mean_shape.max(0)) / 2
    extent = np.ptp(mean_shape, axis=0)
    starts = np.empty((len(landmarks), 2, 3), np.float32)
    for start, points in zip(starts, landmarks, strict=True):
        turn = SimilarityTransform(  # type: ignore[no-untyped-call]
            scale=np.exp(rng.normal(0, config.scale)),
            rotation=np.radians(rng.normal(0, config.roll)),
        ).params
        turn[:2, 2] = middle - turn[:2, :2] @ middle + rng.normal(0, config.shift, 2) * extent
        start[:] = (turn @ face_transform(points, mean_shape).params)[:2]
    return starts


def start_from(model: Model, faces: FaceTiles, mean_shape: FloatArray) -> None:
    """Replace the faces' starts by the similarities of the landmarks that a model finds."""
    cascade = Cascade(model)
    for i, image in enumerate(faces.images):
        box = np.vstack([faces.starts[i], [0, 0, 1]])
        laid = SimilarityTransform(matrix=box).inverse(mean_shape)  # type: ignore[no-untyped-call]
        first = initial_transform(bounding_box(laid), model.mean_shape)
        found = cascade.refine([image], [first]).stages[-1][0]
        faces.starts[i] = face_transform(found, mean_shape).params[:2]


class TeacherTrainer(Trainer):
    """The package's training loop around another network."""

    def build(self, mean_shape: Tensor) -> torch.nn.Module:
        """An `IntegralTeacher`."""
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
    """Train a teacher, or resume the run in ``out``; returns the file with its weights.

    Parameters
    ----------
    rectangles : Path, optional
        Detector rectangles; see `danpredict.training.run.train`.
    first : str
        The model whose landmarks validation starts from.
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
        start_from(read_model(find_model(first)), validation, mean_shape)
        recipe = {"config": asdict(config), "seed": seed, "validation_fraction": VALIDATION}
        weights = np.array(data.weights)
        trainer = TeacherTrainer(
            config,
            convention,
            mean_shape,
            Sampler(tiles, weights, mean_shape, convention, config.augment, seed, landmark_starts),
            validation,
            out,
            seed,
            identity=recipe | {"data": {row["sha256"]: row["weight"] for row in data.record}},
        )
        trainer.resume()
        record = {**recipe, "data": data.record, "commit": commit(), "versions": versions()}
        write_text(out / "run.json", json.dumps(record, indent=1))
        trainer.run()
    state = trainer.averaged.module.state_dict()
    path = out / "teacher.pt"
    half = {name: v.half() if v.is_floating_point() else v for name, v in state.items()}
    half["mean_shape"] = state["mean_shape"]
    with replacing(path) as temporary:
        torch.save({"size": size, "region": config.region, "weights": half}, temporary)
    return path


def load_teacher(path: Path) -> IntegralTeacher:
    """A trained teacher, ready to label; ``path`` is a ``teacher.pt``.

    Raises
    ------
    FileNotFoundError, ValueError
        No such file; not a teacher's, or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f"expected a teacher's file, found no {path}")
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
    """Command line; bad input gives one line and exit code 2."""
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

    return run_program("teachers.train", run, debug=options.debug)


if __name__ == "__main__":
    raise SystemExit(main())
