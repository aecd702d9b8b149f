"""``danpredict info``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


HELP = "say what a model is"
DESCRIPTION = "Print what a model file says of itself."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", nargs="?", help="name of a shipped model, or a file")


def run(arguments: argparse.Namespace) -> None:
    """Print what a model file says of itself."""
    from danpredict.model.file import read_model
    from danpredict.model.zoo import (
        VIDEO_MODEL,
        default_model,
        eight_bit_pays,
        find_model,
        models,
    )

    model = read_model(find_model(default_model() if arguments.model is None else arguments.model))
    info = model.info
    training, box = info.get("training", {}), info["box"]
    lines = [
        f"{info['name']}: {info['landmarks']} landmarks ({info['convention']})",
        f"  stages     {info['stages']}, input {info['input_size']} x {info['input_size']}",
        f"  size       {len(model.data) / 1e6:.1f} MB",
        f"  arithmetic {info.get('arithmetic', 'float32')}",
        f"  rectangles {box.get('source', 'of an unknown detector')}",
        f"  licence    {info['licence']}",
    ]
    for data in training.get("data", []):
        lines.append(f"  data       {data['name']}, {data['faces']} faces")
    if "train_faces" in training:
        lines.append(
            f"  of these   {training['train_faces']} for training, "
            f"{training['validation_faces']} for validation"
        )
    for name, row in info.get("metrics", {}).items():
        lines.append(f"  {name}: NME {row['nme']:.2f} %, above 8 %: {row['failures']:.1f} %")
    lines.append(f"shipped models: {', '.join(models())}")
    why = "has" if eight_bit_pays() else "lacks"
    lines.append(
        f"default here: {default_model()}, and {default_model(VIDEO_MODEL)} for video, "
        f"since this processor {why} AVX2 for int8"
    )
    print("\n".join(map(printable, lines)))


def printable(line: str) -> str:
    """With control characters as escapes: a model from a stranger must not steer the terminal."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return "".join(shown)
