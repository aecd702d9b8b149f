"""``danpredict info``."""

from __future__ import annotations

import argparse
import os
from typing import Any

from danpredict.cli.arguments import DEFAULT_HELP, MODEL_HELP
from danpredict.cli.pictures import printable

HELP = "print a model's data, licence and results"
DESCRIPTION = (
    "Print the description that a model file contains: landmarks, size, licence, training data "
    "and results. For a shipped model whose weights may be used commercially, print all its "
    "sources. Then print the shipped models, with their licences, and which of them is the default."
)
EXAMPLE = "danpredict info lean68"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", nargs="?", help=f"{MODEL_HELP}; {DEFAULT_HELP.format('lean68')}")


def run(arguments: argparse.Namespace) -> None:
    """Print the description of a model and the shipped models."""
    from danpredict.model.file import read_model
    from danpredict.model.sources import provenance_lines, read_provenance
    from danpredict.model.zoo import find_model, read_default, shipped_name

    name = arguments.model
    model = read_default() if name is None else read_model(find_model(name))
    lines = model_lines(model.info, len(model.data))
    shipped = shipped_name(model)
    provenance = None if shipped is None else read_provenance(shipped)
    if provenance is not None:
        lines += provenance_lines(provenance)
    print("\n".join(map(printable, lines + shipped_lines() + default_lines())))


def model_lines(info: dict[str, Any], size: int) -> list[str]:
    """The description of a model of ``size`` bytes; ``info`` is its ``model.json``."""
    training, box = info.get("training", {}), info["box"]
    lines = [
        f"{info['name']}: {info['landmarks']} landmarks ({info['convention']})",
        f"  stages     {info['stages']}, input {info['input_size']} x {info['input_size']} pixels",
        f"  size       {size / 1e6:.1f} MB",
        f"  arithmetic {info.get('arithmetic', 'float32')}",
        f"  boxes      {box.get('source', 'of an unknown detector')}; landmarks from "
        f"{box['left']:.3f}, {box['top']:.3f} to {box['right']:.3f}, {box['bottom']:.3f} of a box",
        f"  licence    {info['licence']}",
    ]
    for data in training.get("data", []):
        lines.append(f"  data       {data['name']}, {data['faces']} faces")
    if "train_faces" in training:
        lines.append(
            f"  used       {training['train_faces']} for training, "
            f"{training['validation_faces']} for validation"
        )
    if "initial_weights" in training:
        initial = training["initial_weights"]
        first = "random weights" if initial is None else f"the model with SHA-256 {initial}"
        lines.append(f"  started    from {first}")
    for name, row in info.get("metrics", {}).items():
        lines.append(f"  {name}: NME {row['nme']:.2f} %, above 8 %: {row['failures']:.1f} %")
    return lines


def shipped_lines() -> list[str]:
    """The shipped models with their licences."""
    from danpredict.model.zoo import models

    licences = models()
    width = max(map(len, licences), default=0)
    return ["shipped models:", *(f"  {name:<{width}}  {text}" for name, text in licences.items())]


def default_lines() -> list[str]:
    """Which model is the default, and why."""
    from danpredict.model.zoo import VARIABLE, VIDEO_MODEL, default_model, eight_bit_pays

    if os.environ.get(VARIABLE):
        return [f"default model: {default_model()}, because {VARIABLE} is set"]
    reason = "has" if eight_bit_pays() else "lacks"
    return [
        f"default model: {default_model()}; for video {default_model(VIDEO_MODEL)}, because this "
        f"processor {reason} AVX2 for int8"
    ]
