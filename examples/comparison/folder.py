"""Pictures a second on a folder: ``danpredict align`` against the same work with dlib."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from danpredict.alignment.folder import align_folder
from danpredict.alignment.job import Job
from danpredict.batch.faces import FaceOptions
from danpredict.batch.find import files_below, is_picture, none_found
from danpredict.files.pictures import encode_picture, read_picture

from .contestants import Contestant
from .timing import Call, median_ratio, take_turns

TURNS = 3
SIDE = 150  # pixels, of a chip


def align_with_danpredict(folder: Path, model: Path) -> None:
    """Cut out all faces of a folder as ``danpredict align`` does, with dlib's detector.

    Raises
    ------
    ValueError
        A picture cannot be aligned.
    """
    with TemporaryDirectory() as out:
        options = FaceOptions(str(model), "dlib")
        result = align_folder(Job(folder, Path(out), "dlib", SIDE, options))
    for name, error in result.errors.items():
        raise ValueError(f"expected pictures that can be aligned, got {name}: {error}")


def align_with_dlib(folder: Path, model: Path) -> None:
    """Cut out all faces of a folder with dlib alone, picture by picture."""
    import dlib

    detector, predictor = dlib.get_frontal_face_detector(), dlib.shape_predictor(str(model))
    with TemporaryDirectory() as out:
        for number, path in enumerate(pictures_of(folder)):
            image = read_picture(path, upright=True)
            for i, rect in enumerate(detector(image, 0)):
                chip = dlib.get_face_chip(image, predictor(image, rect), SIDE)
                (Path(out) / f"{number}_{i}.png").write_bytes(encode_picture(chip, ".png"))


def pictures_of(folder: Path) -> list[Path]:
    """The pictures that ``danpredict align`` finds."""
    return [path for path in files_below(folder) if is_picture(path)]


def time_folder(folder: Path, contestants: Sequence[Contestant]) -> dict[str, Any]:
    """Pictures a second of the whole work, in turn, in shuffled order; medians.

    Loading of the detector and the model, reading of the pictures and writing of the chips count.
    danpredict uses as many processes as ``danpredict align`` does. Predictors without a model file
    are left out.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no picture, or one cannot be aligned.
    """
    pictures = pictures_of(folder)
    if not pictures:
        raise none_found(folder, "")
    calls: dict[str, Call] = {}
    for contestant in contestants:
        if contestant.file is not None:
            align = align_with_dlib if contestant.ours is None else align_with_danpredict
            calls[contestant.name] = lambda align=align, file=contestant.file: align(folder, file)  # type: ignore[misc]
    taken = take_turns(calls, 0, least=TURNS, warm_up=1)
    count, first = len(pictures), contestants[0].name
    row: dict[str, Any] = {"what": f"{folder.name}, {count} pictures, pictures a second"}
    for name, times in taken.items():
        row[name] = {"rate": 1000 * count / statistics.median(times)}
        if first in taken:
            row[name]["ratio"] = median_ratio(taken[first], times)
    return row
