"""Errors of all predictors on the same faces and boxes: ``compare.py --dataset``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import danpredict
from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import LabelledFace
from danpredict.detectors.load import Detector
from danpredict.evaluation.accuracy_report import accuracy_report
from danpredict.evaluation.accuracy_text import jaw_lines
from danpredict.evaluation.evaluate import Predictions, Predictor, run_predictors
from danpredict.evaluation.face_groups import paired_groups
from danpredict.evaluation.metrics import FAILURE
from danpredict.evaluation.openness_text import openness_lines
from danpredict.evaluation.plots import draw_report
from danpredict.evaluation.significance import (
    Difference,
    Interval,
    compare_paired,
    interval_of_mean,
)
from danpredict.files.outputs import write_text

from .contestants import Contestant, colours_of
from .drawing import Image, draw_face
from .timing import Timed

LAYOUT = "ibug68"


@dataclass
class Accuracy:
    """The results on one data set.

    Attributes
    ----------
    folder : Path
    whose : str
        Source of the boxes: a detector or a file.
    total : int
        Number of faces in the folder. ``faces`` are those with a box.
    found : results on ``faces``, by predictor
    reports : `danpredict.evaluation.accuracy_report.accuracy_report` of these results, by predictor
    milliseconds : median time of a call, by predictor
    """

    folder: Path
    whose: str
    total: int
    faces: list[LabelledFace]
    found: dict[str, Predictions]
    reports: dict[str, dict[str, Any]]
    milliseconds: dict[str, float]

    def errors(self, name: str) -> NDArray[np.float64]:
        """Error on each face, as a fraction of the inter-ocular distance."""
        return np.array(self.reports[name]["errors"]) / 100

    def intervals(self, name: str) -> tuple[Interval, Interval]:
        """95 % confidence intervals of the NME and of the failure rate, both in percent."""
        errors = self.errors(name)
        return interval_of_mean(100 * errors), interval_of_mean(100.0 * (errors > FAILURE))

    def differences(self) -> dict[tuple[str, str], Difference]:
        """For every pair of predictors: errors of the later one minus errors of the earlier one."""
        return {
            (later, earlier): compare_paired(self.errors(later), self.errors(earlier))
            for earlier, later in combinations(self.reports, 2)
        }

    def group_differences(self, later: str, earlier: str) -> dict[str, Difference]:
        """The same for shut eyes, wide mouths, turned heads, small faces and all others."""
        truth = np.stack([face.landmarks for face in self.faces])
        return paired_groups(self.errors(later), self.errors(earlier), truth)

    def figures(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        return {
            "dataset": str(self.folder),
            "rectangles": self.whose,
            "faces": len(self.faces),
            "of": self.total,
            "predictors": {
                name: {
                    **row,
                    "nme_interval": self.intervals(name)[0],
                    "failures_interval": self.intervals(name)[1],
                    "milliseconds": self.milliseconds[name],
                }
                for name, row in self.reports.items()
            },
            "differences": [
                {
                    "first": a, "second": b, **asdict(d), "verdict": d.verdict,
                    "groups": {
                        name: {**asdict(group), "verdict": group.verdict}
                        for name, group in self.group_differences(a, b).items()
                    },
                }
                for (a, b), d in self.differences().items()
            ],
        }  # fmt: skip

    def tile(self, index: int, contestant: Contestant) -> Image:
        """A face with the annotated and the predicted landmarks."""
        face = self.faces[index]
        assert face.box is not None
        rect = danpredict.rectangle(*(round(side) for side in face.box))
        error = 100 * self.errors(contestant.name)[index]
        return draw_face(
            face.picture(), rect, self.found[contestant.name].landmarks[index],
            f"{contestant.name} {error:.1f} %", contestant.colour, face.landmarks,
        )  # fmt: skip


def with_source(predictor: danpredict.DANShapePredictor, source: str) -> Predictor:
    """Our predictor, with the name of the detector that the boxes come from."""
    return lambda image, rect: predictor(image, rect, source=source)


def lineup(contestants: Sequence[Contestant], source: str) -> dict[str, Predictor]:
    """Predictors by name, for boxes of the detector ``source``.

    If the detector is not dlib's HOG detector, danpredict runs twice: with the detector's name,
    and without it ("uncalibrated").
    """
    predictors: dict[str, Predictor] = {}
    for contestant in contestants:
        predictors[contestant.name] = contestant.predictor
        if contestant.ours is not None and source not in ("dlib", "dlib-hog"):
            predictors[contestant.name] = with_source(contestant.ours, source)
            predictors[f"{contestant.name}, uncalibrated"] = contestant.ours
    return predictors


def compare_dataset(
    folder: Path,
    boxes: Path | None,
    detector: Detector | None,
    source: str,
    contestants: Sequence[Contestant],
) -> Accuracy:
    """Run all predictors on a data set.

    ``boxes`` is a JSON file of boxes. Without it, ``detector`` finds the boxes; its name is
    ``source``.
    """
    layout = danpredict.convention(LAYOUT)
    faces = read_dataset(folder, layout.size, boxes)
    predictors = lineup(contestants, source)
    timed = {name: Timed(predictor) for name, predictor in predictors.items()}
    wrapped: dict[str, Callable[..., Any]] = dict(timed)
    used, found, background = run_predictors(wrapped, faces, detector=detector, background=True)
    reports = {
        name: accuracy_report(predictions, background.get(name), used, layout)
        for name, predictions in found.items()
    }
    times = {name: contestant.median(used) for name, contestant in timed.items()}
    whose = source if boxes is None else str(boxes)
    return Accuracy(folder, whose, len(faces), used, found, reports, times)


def print_accuracy(result: Accuracy) -> None:
    """Print the errors, their confidence intervals, and which differences are significant."""
    print(f"{result.folder}: {len(result.faces)} of {result.total} faces have a box from "
          f"{result.whose}")  # fmt: skip
    width = max(12, *(len(name) for name in result.reports))
    print(f"{'predictor':<{width}} {'faces':>5} {'NME %':>6} {'median':>6} {'> 8 %':>6} "
          f"{'AUC@8 %':>8} {'ms/face':>8}")  # fmt: skip
    for name, row in result.reports.items():
        errors = row[row["measure"]]
        print(f"{name:<{width}} {errors['faces']:>5} {errors['nme']:>6.2f} "
              f"{errors['median']:>6.2f} {errors['failures']:>6.1f} {errors['auc']:>8.1f} "
              f"{result.milliseconds[name]:>8.2f}")  # fmt: skip
    for name in result.reports:
        nme, failures = result.intervals(name)
        print(f"95 % intervals of {name}: NME {nme[0]:.2f} to {nme[1]:.2f}, above 8 % "
              f"{failures[0]:.1f} to {failures[1]:.1f}")  # fmt: skip
    for name, row in result.reports.items():
        print(f"{name}:")
        lines = jaw_lines(row) + openness_lines(row["openness"])
        print("\n".join(f"  {line}" for line in lines))
    for (later, earlier), d in result.differences().items():
        print(f"{later} minus {earlier}: {d}")
        for group, part in result.group_differences(later, earlier).items():
            print(f"  {group}, {part.faces} faces: {part}")


def write_accuracy(result: Accuracy, contestants: Sequence[Contestant], out: Path) -> None:
    """Write the picture, and the numbers as JSON beside it."""
    title = f"{result.folder.name}, {len(result.faces)} faces"
    draw_report(result.reports, title, out, colours_of(contestants))
    write_text(out.with_suffix(".json"), json.dumps(result.figures(), indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
