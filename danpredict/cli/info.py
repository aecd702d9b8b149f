"""``danpredict info``."""

from __future__ import annotations

import argparse
from typing import Any

from danpredict.cli.arguments import MODEL_HELP
from danpredict.cli.pictures import printable

HELP = "print a model's data, licence and results"
DESCRIPTION = (
    "Print the description that a model file contains: landmarks, size, licence, training data "
    "and results. Then print the shipped models and which of them is the default."
)
EXAMPLE = "danpredict info lean68"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", nargs="?", help=f"{MODEL_HELP}; default: the default model")


def run(arguments: argparse.Namespace) -> None:
    """Print the description of a model and the shipped models."""
    from danpredict.model.file import read_model
    from danpredict.model.zoo import default_model, find_model

    model = read_model(find_model(default_model() if arguments.model is None else arguments.model))
    lines = model_lines(model.info, len(model.data)) + default_lines()
    print("\n".join(map(printable, lines)))


def model_lines(info: dict[str, Any], size: int) -> list[str]:
    """The description of a model of ``size`` bytes; ``info`` is its ``model.json``."""
    training, box = info.get("training", {}), info["box"]
    lines = [
        f"{info['name']}: {info['landmarks']} landmarks ({info['convention']})",
        f"  stages     {info['stages']}, input {info['input_size']} x {info['input_size']} pixels",
        f"  size       {size / 1e6:.1f} MB",
        f"  arithmetic {info.get('arithmetic', 'float32')}",
        f"  boxes      {box.get('source', 'of an unknown detector')}",
        f"  licence    {info['licence']}",
    ]
    for data in training.get("data", []):
        lines.append(f"  data       {data['name']}, {data['faces']} faces")
    if "train_faces" in training:
        lines.append(
            f"  used       {training['train_faces']} for training, "
            f"{training['validation_faces']} for validation"
        )
    for name, row in info.get("metrics", {}).items():
        lines.append(f"  {name}: NME {row['nme']:.2f} %, above 8 %: {row['failures']:.1f} %")
    return lines


def default_lines() -> list[str]:
    """The shipped models, and which of them is the default on this processor."""
    from danpredict.model.zoo import VIDEO_MODEL, default_model, eight_bit_pays, models

    reason = "has" if eight_bit_pays() else "lacks"
    return [
        f"shipped models: {', '.join(models())}",
        f"default model: {default_model()}; for video {default_model(VIDEO_MODEL)}, because this "
        f"processor {reason} AVX2 for int8",
    ]
