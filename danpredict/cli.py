"""Command line: ``danpredict train`` and ``danpredict info``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from danpredict.version import __version__

BAD_INPUT = 2  # exit code, as argparse's own


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"expected a fraction from 0 up to 1, got {text}")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text}")
    return value


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="danpredict", description="Facial landmarks from a Deep Alignment Network."
    )
    parser.add_argument("--version", action="version", version=f"danpredict {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser(
        "train",
        help="train a model on annotated faces",
        description="Train on 300-W folders (pictures with .pts files) or CSV tables. "
        "The same command goes on from the last checkpoint.",
    )
    train.add_argument(
        "datasets", nargs="+", type=Path, metavar="DATASET", help="folder or CSV table"
    )
    train.add_argument("--out", type=Path, required=True, help="folder of the run")
    train.add_argument(
        "--config", default="lean", help="lean (the default), paper, or a .toml file"
    )
    train.add_argument(
        "--extra", action="append", type=Path, default=[], metavar="DATASET",
        help="further data for training only; may be given several times",
    )  # fmt: skip
    train.add_argument("--boxes", type=Path, help="JSON of detector rectangles for validation")
    train.add_argument(
        "--validation", type=_fraction, default=0.1, help="fraction of the photos; 0.1 by default"
    )
    train.add_argument("--faces", type=_positive, help="faces seen, instead of the config's")
    train.add_argument("--seed", type=int, default=0, help="of all that is random; 0 by default")
    train.add_argument("--threads", type=_positive, help="threads of torch; all cores by default")
    train.add_argument("--licence", help="licence of the weights, kept in the model file")
    train.set_defaults(run=_train)

    info = commands.add_parser(
        "info", help="say what a model is", description="Print what a model file says of itself."
    )
    info.add_argument("model", nargs="?", help="name of a shipped model, or a file")
    info.set_defaults(run=_info)
    return parser


def _train(arguments: argparse.Namespace) -> None:
    try:
        import torch

        from danpredict.training.config import load_config
        from danpredict.training.run import LICENCE_UNKNOWN, train, with_faces
    except ModuleNotFoundError as error:
        message = f"training needs {error.name}: pip install 'danpredict[torch]'"
        raise ImportError(message) from error

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = train(
        arguments.datasets,
        arguments.out,
        with_faces(load_config(arguments.config), arguments.faces),
        extra=arguments.extra,
        rectangles=arguments.boxes,
        validation=arguments.validation,
        seed=arguments.seed,
        licence=arguments.licence or LICENCE_UNKNOWN,
    )
    print(f"wrote {arguments.out / 'model.dan'}, {len(model.data) / 1e6:.1f} MB")


def _info(arguments: argparse.Namespace) -> None:
    from danpredict.model_file import read_model
    from danpredict.predictor import DEFAULT_MODEL, find_model, models

    model = read_model(find_model(arguments.model or DEFAULT_MODEL))
    info = model.info
    training, box = info.get("training", {}), info["box"]
    lines = [
        f"{info['name']}: {info['landmarks']} landmarks ({info['convention']})",
        f"  stages     {info['stages']}, input {info['input_size']} x {info['input_size']}",
        f"  size       {len(model.data) / 1e6:.1f} MB",
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
    print("\n".join(lines))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; bad input gives one line on standard error and exit code 2."""
    parsed = build_parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (OSError, ValueError, RuntimeError, ImportError, ArithmeticError) as error:
        print(f"danpredict: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print(
            "danpredict: stopped; the same command goes on from the last checkpoint",
            file=sys.stderr,
        )
        return 130
    return 0
