"""What the command line's commands do; each takes the parsed arguments."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danpredict.extras import needs_extra
from danpredict.output_files import check_outputs, check_suffix, write_bytes, write_text

if TYPE_CHECKING:
    from danpredict.datasets import LabelledFace


def _dataset_files(faces: Sequence[LabelledFace]) -> list[Path]:
    """The files that faces come from: pictures, and the .pts files beside them."""
    return [f for face in faces for f in (face.path, face.path.with_suffix(".pts"))]


def _say_skipped(*datasets: Path) -> None:
    """Tell of annotated pictures in formats that are not read."""
    from danpredict.picture_files import skipped_pictures

    for path in datasets:
        files = path.rglob("*") if path.is_dir() else ()
        skipped = skipped_pictures(file for file in files if file.with_suffix(".pts").is_file())
        if skipped:
            print(f"{path}: skipped, since OpenCV does not read them: {skipped}", file=sys.stderr)


def train(arguments: argparse.Namespace) -> None:
    """Train a model, or go on with a run."""
    from danpredict.shipped import find_model
    from danpredict.training.run_folder import check_run_folder

    start_path = find_model(arguments.init) if arguments.init is not None else None
    given = [path for path, _ in arguments.datasets + arguments.extra]
    given += [Path(arguments.config), arguments.boxes, start_path]
    check_run_folder(arguments.out, [path for path in given if path is not None])
    with needs_extra("training", "torch"):
        import torch
        import torch.distributed as dist

        from danpredict.model_file import read_model
        from danpredict.training.config import load_config
        from danpredict.training.run import (
            LICENCE_UNKNOWN,
            DataSource,
            train,
            with_faces,
        )

    _say_skipped(*(path for path, _ in arguments.datasets + arguments.extra))
    start = None if start_path is None else read_model(start_path)
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


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure a model on annotated faces."""
    from danpredict.datasets import read_dataset
    from danpredict.evaluation import observe, report
    from danpredict.predictor import DANShapePredictor

    out: Path | None = arguments.out
    if out is not None:
        check_suffix(out, [".json"])
        check_outputs([out, out.with_suffix(".png")], _given(arguments))
    predictor = DANShapePredictor(arguments.model)
    name, layout = predictor.info["name"], predictor.layout
    faces = read_dataset(arguments.dataset, layout.size, arguments.boxes)
    _say_skipped(arguments.dataset)
    if out is not None:
        check_outputs([out, out.with_suffix(".png")], _dataset_files(faces))
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

        write_text(out, json.dumps({name: row}, indent=1))
        title = f"{name} on {'/'.join(arguments.dataset.resolve().parts[-2:])}, {len(used)} faces"
        draw_report({name: row}, title, out.with_suffix(".png"))
        print(f"wrote {out} and {out.with_suffix('.png')}")


def _lines(row: dict[str, Any]) -> list[str]:
    """A report as text."""
    from danpredict.openness_text import openness_lines

    lines = [f"{'error in % of':<14} {'NME':>6} {'median':>7} {'> 8 %':>6} {'AUC@8 %':>8}"]
    names = ("inter-ocular", "half-diagonal", "inter-pupil", "box-diagonal")
    for name in filter(row.__contains__, names):
        part = row[name]
        figures = f"{part['nme']:6.2f} {part['median']:7.2f}"
        if name == row["measure"]:  # the limit of 8 % is meant for this one
            figures += f" {part['failures']:6.1f} {part['auc']:8.1f}"
        lines.append(f"{name:<14} {figures}")
    if "stages" in row:
        stages = (f"{stage['nme']:.2f}" for stage in row["stages"])
        lines.append(f"after each stage  {'  '.join(stages)}")
    if row["regions"]:
        lines.append("  ".join(f"{part} {error:.2f}" for part, error in row["regions"].items()))
    if "openness" in row:
        lines += openness_lines(row["openness"])
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


def relabel(arguments: argparse.Namespace) -> None:
    """Write landmarks of one model, or the mean of several, for faces with coarse labels."""
    from danpredict.cascade import Cascade
    from danpredict.datasets import read_dataset
    from danpredict.model_file import read_model
    from danpredict.relabel import relabel
    from danpredict.shipped import find_model
    from danpredict.training.pseudo_labels.coarse import is_five_points
    from danpredict.training.pseudo_labels.label import label_dataset

    check_suffix(arguments.out, [".csv"])
    check_outputs([arguments.out], _given(arguments))
    if arguments.teacher or arguments.openness or is_five_points(arguments.dataset):
        names = [arguments.model, *arguments.teacher]
        counts = label_dataset(names, arguments.dataset, arguments.out, arguments.openness)
        print(
            f"wrote {arguments.out}: {counts.kept} of {counts.faces} faces; "
            f"lids or lips are left empty in {counts.incomplete}"
        )
        return
    model = read_model(find_model(arguments.model))
    faces = read_dataset(arguments.dataset, model.layout.size)
    _say_skipped(arguments.dataset)
    check_outputs([arguments.out], _dataset_files(faces))
    kept = relabel(Cascade(model), faces, model.layout, arguments.out)
    print(f"wrote {arguments.out}: {kept} of {len(faces)} faces")


def export(arguments: argparse.Namespace) -> None:
    """Write a model in eight-bit arithmetic."""
    from danpredict.datasets import read_dataset
    from danpredict.model_file import read_model
    from danpredict.shipped import find_model

    check_suffix(arguments.out, [".dan"])
    check_outputs([arguments.out], [find_model(arguments.model), *arguments.int8])
    with needs_extra("export", "torch"):
        from danpredict.training.quantise import quantise

    model = read_model(find_model(arguments.model))
    _say_skipped(*arguments.int8)
    faces = [face for path in arguments.int8 for face in read_dataset(path, model.layout.size)]
    check_outputs([arguments.out], _dataset_files(faces))
    small = quantise(model, faces, arguments.out.stem)
    write_bytes(arguments.out, small.data)
    print(f"wrote {arguments.out}, {len(small.data) / 1e6:.1f} MB")


def info(arguments: argparse.Namespace) -> None:
    """Print what a model file says of itself."""
    from danpredict.model_file import read_model
    from danpredict.shipped import (
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
    print("\n".join(map(_printable, lines)))


def _printable(line: str) -> str:
    """With control characters as escapes: a model from a stranger must not steer the terminal."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return "".join(shown)


def convert(arguments: argparse.Namespace) -> None:
    """Landmarks of a file in another convention."""
    from danpredict.conversion import convert as converted
    from danpredict.landmark_files import check_kind, read_landmarks, write_landmarks
    from danpredict.layouts import convention

    check_kind(arguments.out)
    check_outputs([arguments.out], [arguments.file])
    convention(arguments.to)  # a wrong name is better said before the work
    missing = "nan" if arguments.gaps else "raise"
    faces = read_landmarks(arguments.file, convention(arguments.source).size)
    given = (converted(f.landmarks, arguments.source, arguments.to, missing=missing) for f in faces)
    faces = [face._replace(landmarks=new) for face, new in zip(faces, given, strict=True)]
    write_landmarks(arguments.out, faces)
    print(f"wrote {arguments.out}: {len(faces)} faces, {convention(arguments.to).size} points each")


def calibrate(arguments: argparse.Namespace) -> None:
    """Measure where the landmarks lie in a detector's rectangles."""
    import numpy as np
    from tqdm import tqdm

    from danpredict.boxes import fit_box_calibration
    from danpredict.datasets import read_dataset
    from danpredict.detectors import load_detector
    from danpredict.evaluation import rectangle_on
    from danpredict.layouts import convention

    detector = load_detector(arguments.detector, weights=arguments.weights)
    size = convention("ibug68").size
    _say_skipped(*arguments.datasets)
    faces = [face for path in arguments.datasets for face in read_dataset(path, size)]
    faces = faces[:: arguments.every]
    boxes = [
        rectangle_on(face.picture(), face, detector)
        for face in tqdm(faces, "detecting", unit="face", leave=False)
    ]
    pairs = [(b.sides, f.landmarks) for b, f in zip(boxes, faces, strict=True) if b is not None]
    if not pairs:
        raise ValueError(f"no face found by {arguments.detector} in {len(faces)} pictures")
    fitted = fit_box_calibration(*map(np.array, zip(*pairs, strict=True)))
    source = f"medians over {len(pairs)} of {len(faces)} faces, those that it finds"
    print(json.dumps({arguments.detector: {**asdict(fitted), "source": source}}, indent=2))


def align(arguments: argparse.Namespace) -> None:
    """Cut the chips of all faces of a folder."""
    from danpredict.chips import template
    from danpredict.detectors import check_detector
    from danpredict.folders import Job, align_folder

    template(arguments.template)  # a wrong name is better said before the work
    check_detector(arguments.detector)
    job = Job(
        arguments.folder,
        arguments.out,
        arguments.template,
        arguments.size,
        arguments.model,
        arguments.detector,
        arguments.weights,
        arguments.upsample,
    )
    aligned = align_folder(job, arguments.processes)
    print(f"{aligned.faces} faces of {aligned.pictures} pictures are in {arguments.out}", end="")
    print(f", {aligned.made} of the pictures aligned now")
    if aligned.skipped:
        print(f"skipped, since OpenCV does not read them: {aligned.skipped}")
    if aligned.errors:
        for name, error in aligned.errors.items():
            print(f"  {name}: {error}", file=sys.stderr)
        count = f"{len(aligned.errors)} of {aligned.pictures} pictures failed"
        raise ValueError(f"{count}, listed above")


def track(arguments: argparse.Namespace) -> None:
    """Follow the faces of a video."""
    from danpredict.detectors import load_detector
    from danpredict.predictor import DANShapePredictor
    from danpredict.tracker import Tracker
    from danpredict.video import track_video
    from danpredict.video_files import VIDEOS, Video

    outputs = [path for path in (arguments.out, arguments.json) if path is not None]
    if arguments.out is not None:
        check_suffix(arguments.out, VIDEOS)
    check_outputs(outputs, [p for p in (Path(arguments.video), *_given(arguments)) if p.is_file()])
    detector = load_detector(
        arguments.detector, weights=arguments.weights, upsample=arguments.upsample
    )
    predictor = None if arguments.model is None else DANShapePredictor(arguments.model)
    tracker = Tracker(predictor, detector, smoothing=arguments.smoothing)
    video = Video(arguments.video)
    played = track_video(video, tracker, arguments.out, arguments.json)
    print(
        f"{played.frames} frames, {played.faces} faces in them, {played.detector_calls} calls of "
        f"the detector, {played.frames / max(played.seconds, 1e-9):.0f} frames a second"
    )
    if video.missing:
        print(f"the file announces {video.frames} frames; {video.missing} could not be decoded")
    if not played.faces:
        print(
            f"no face was found in any frame; --upsample {arguments.upsample + 1} finds smaller "
            "ones, and --detector takes another detector"
        )
    for path in outputs:
        print(f"wrote {path}")


def _given(arguments: argparse.Namespace) -> list[Path]:
    """Files and folders that a command's options name and that it reads."""
    from danpredict.shipped import find_model

    names = ("dataset", "boxes", "weights")
    paths = [path for name in names if (path := getattr(arguments, name, None)) is not None]
    paths += [find_model(teacher) for teacher in getattr(arguments, "teacher", ())]
    return paths if arguments.model is None else [*paths, find_model(arguments.model)]
