"""Command line: ``danpredict train``, ``evaluate`` and ``info``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from danpredict.metrics import NORMALISERS
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


def _weighted(text: str) -> tuple[Path, float]:
    """``DATASET`` or ``DATASET=WEIGHT``."""
    path, _, weight = text.rpartition("=")
    try:
        value = float(weight) if path else 1.0
    except ValueError:
        path, value = "", 1.0  # an equals sign of the path's own
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a weight above 0, got {text}")
    return Path(path or text), value


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
        description="Train on 300-W folders (pictures with .pts files), CSV tables or imglab XML. "
        "The same command goes on from the last checkpoint. For several processes: "
        "torchrun --nproc-per-node N -m danpredict train ...",
    )
    train.add_argument(
        "datasets", nargs="+", type=_weighted, metavar="DATASET[=WEIGHT]",
        help="folder, CSV table or imglab XML; a face of weight 2 is drawn twice as often",
    )  # fmt: skip
    train.add_argument("--out", type=Path, required=True, help="folder of the run")
    train.add_argument(
        "--config", default="lean", help="lean (the default), paper, or a .toml file"
    )
    train.add_argument(
        "--extra", action="append", type=_weighted, default=[], metavar="DATASET[=WEIGHT]",
        help="further data for training only; may be given several times",
    )  # fmt: skip
    train.add_argument("--boxes", type=Path, help="JSON of detector rectangles for validation")
    train.add_argument(
        "--validation", type=_fraction, default=0.1, help="fraction of the photos; 0.1 by default"
    )
    train.add_argument(
        "--start", metavar="MODEL", help="begin with a model's weights, not by chance"
    )
    train.add_argument("--faces", type=_positive, help="faces seen, instead of the config's")
    train.add_argument("--seed", type=int, default=0, help="of all that is random; 0 by default")
    train.add_argument("--threads", type=_positive, help="threads of torch; all cores by default")
    train.add_argument("--licence", help="licence of the weights, kept in the model file")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser(
        "evaluate",
        help="measure a model's errors on annotated faces",
        description="Measure a model on annotated faces, from given rectangles or those of dlib's "
        "HOG detector: errors by three normalisations, by facial part and by stage, and what "
        "sigma and confidence are worth, with as many rectangles of background.",
    )
    evaluate.add_argument("model", help="name of a shipped model, or a file")
    evaluate.add_argument("dataset", type=Path, help="folder, CSV table or imglab XML")
    evaluate.add_argument("--boxes", type=Path, help="JSON of detector rectangles for a folder")
    evaluate.add_argument(
        "--out", type=Path, metavar="FILE.json", help="write all figures, and a picture beside it"
    )
    evaluate.set_defaults(run=_evaluate)

    relabel = commands.add_parser(
        "relabel",
        help="replace coarse labels by a model's own",
        description="Write a CSV table with a model's landmarks for faces whose labels are coarse "
        "or incomplete, to train on: averaged over starts and mirrored pictures, and kept where "
        "these agree with each other and with the labels.",
    )
    relabel.add_argument("model", help="name of a shipped model, or a file")
    relabel.add_argument("dataset", type=Path, help="folder, CSV table or imglab XML")
    relabel.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
    relabel.set_defaults(run=_relabel)

    export = commands.add_parser(
        "export",
        help="write a model that computes in int8",
        description="Write a model with eight-bit arithmetic: smaller, and faster on processors "
        "with instructions for it. The range of every layer is taken from some training faces.",
    )
    export.add_argument("model", help="name of a shipped model, or a file")
    export.add_argument(
        "--int8", type=Path, nargs="+", required=True, metavar="DATASET",
        help="training faces: folders, CSV tables or imglab XML",
    )  # fmt: skip
    export.add_argument("--out", type=Path, required=True, metavar="FILE.dan")
    export.set_defaults(run=_export)

    info = commands.add_parser(
        "info", help="say what a model is", description="Print what a model file says of itself."
    )
    info.add_argument("model", nargs="?", help="name of a shipped model, or a file")
    info.set_defaults(run=_info)
    return parser


def _train(arguments: argparse.Namespace) -> None:
    try:
        import torch
        import torch.distributed as dist

        from danpredict.model_file import read_model
        from danpredict.predictor import find_model
        from danpredict.training.config import load_config
        from danpredict.training.run import LICENCE_UNKNOWN, DataSource, train, with_faces
    except ModuleNotFoundError as error:
        message = f"training needs {error.name}: pip install 'danpredict[torch]'"
        raise ImportError(message) from error

    start = read_model(find_model(arguments.start)) if arguments.start else None
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if dist.is_torchelastic_launched():
        dist.init_process_group("gloo")
    sources = [DataSource(path, weight) for path, weight in arguments.datasets]
    sources += [DataSource(path, weight, extra=True) for path, weight in arguments.extra]
    model = train(
        sources,
        arguments.out,
        with_faces(load_config(arguments.config), arguments.faces),
        rectangles=arguments.boxes,
        validation=arguments.validation,
        seed=arguments.seed,
        licence=arguments.licence or LICENCE_UNKNOWN,
        start=start,
    )
    if model is not None:
        print(f"wrote {arguments.out / 'model.dan'}, {len(model.data) / 1e6:.1f} MB")
    if dist.is_initialized():
        dist.destroy_process_group()


def _evaluate(arguments: argparse.Namespace) -> None:
    from danpredict.datasets import read_dataset
    from danpredict.evaluation import observe, report
    from danpredict.predictor import DANShapePredictor

    out: Path | None = arguments.out
    if out is not None and (out.suffix != ".json" or not out.parent.is_dir()):
        raise ValueError(f"expected --out FILE.json in an existing folder, got {out}")
    predictor = DANShapePredictor(arguments.model)
    name, layout = predictor.info["name"], predictor.layout
    faces = read_dataset(arguments.dataset, layout.size, arguments.boxes)
    detector = None
    if all(face.rectangle is None for face in faces):
        from danpredict.objects import frontal_face_detector

        detector = frontal_face_detector()
    used, found, beside = observe({name: predictor}, faces, detector=detector, background=True)
    row = report(found[name], beside.get(name), used, layout)
    print(f"{arguments.dataset}: {len(used)} of {len(faces)} faces have a rectangle")
    print("\n".join(_lines(row)))
    if out is not None:
        from danpredict.plots import draw_report

        out.write_text(json.dumps({name: row}, indent=1), "utf-8")
        title = f"{name} on {'/'.join(arguments.dataset.resolve().parts[-2:])}, {len(used)} faces"
        draw_report({name: row}, title, out.with_suffix(".png"))
        print(f"wrote {out} and {out.with_suffix('.png')}")


def _lines(row: dict[str, Any]) -> list[str]:
    """A report as text."""
    lines = [f"{'error in % of':<14} {'NME':>6} {'median':>7} {'> 8 %':>6} {'AUC@8 %':>8}"]
    for name in NORMALISERS:
        part = row[name]
        figures = f"{part['nme']:6.2f} {part['median']:7.2f}"
        if name == "inter-ocular":  # the limit of 8 % is meant for this one
            figures += f" {part['failures']:6.1f} {part['auc']:8.1f}"
        lines.append(f"{name:<14} {figures}")
    if "stages" in row:
        stages = (f"{stage['nme']:.2f}" for stage in row["stages"])
        lines.append(f"after each stage  {'  '.join(stages)}")
    lines.append("  ".join(f"{part} {error:.2f}" for part, error in row["regions"].items()))
    if trust := row["trust"]:
        lines.append(
            f"confidence: ROC AUC {trust.get('roc_auc', float('nan')):.3f} "
            f"over {trust['cases']} cases, {trust['good']} of them found well"
        )
        bins = (f"{b['confidence']:.2f}/{b['good']:.2f}" for b in trust["reliability"])
        lines.append(f"said/true: {'  '.join(bins)}")
        lines.append(
            f"sigma: rank correlation with the error {trust['sigma_rank_correlation']:.2f}, "
            f"mean {trust['sigma_over_error']:.2f} x the mean error"
        )
    return lines


def _relabel(arguments: argparse.Namespace) -> None:
    from danpredict.cascade import Cascade
    from danpredict.datasets import read_dataset
    from danpredict.model_file import read_model
    from danpredict.predictor import find_model
    from danpredict.relabel import relabel

    if not arguments.out.parent.is_dir():
        raise ValueError(f"expected --out in an existing folder, got {arguments.out}")
    model = read_model(find_model(arguments.model))
    faces = read_dataset(arguments.dataset, model.layout.size)
    kept = relabel(Cascade(model), faces, model.layout, arguments.out)
    print(f"wrote {arguments.out}: {kept} of {len(faces)} faces")


def _export(arguments: argparse.Namespace) -> None:
    from danpredict.datasets import read_dataset
    from danpredict.model_file import read_model
    from danpredict.predictor import find_model

    try:
        from danpredict.training.quantise import quantise
    except ModuleNotFoundError as error:
        message = f"export needs {error.name}: pip install 'danpredict[torch]'"
        raise ImportError(message) from error

    if not arguments.out.parent.is_dir():
        raise ValueError(f"expected --out in an existing folder, got {arguments.out}")
    model = read_model(find_model(arguments.model))
    faces = [face for path in arguments.int8 for face in read_dataset(path, model.layout.size)]
    small = quantise(model, faces, arguments.out.stem)
    arguments.out.write_bytes(small.data)
    print(f"wrote {arguments.out}, {len(small.data) / 1e6:.1f} MB")


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
