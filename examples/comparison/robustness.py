"""Errors with shifted boxes, scaled boxes and rolled heads: ``compare.py --robustness``.

Shift moves the box by a fraction of its width in a random direction. Scale enlarges the box about
its centre. Roll rotates the picture about the centre of the box; the box stays upright. All
predictors get the same pictures and the same boxes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import danpredict
from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.evaluate import Predictor
from danpredict.evaluation.metrics import FAILURE, normalised_errors
from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import write_text
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.points import landmarks_of

from .palette import MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Image = NDArray[np.uint8]
Points = NDArray[np.floating]
Curves = dict[str, list[dict[str, Any]]]  # by name: a row for every amount


class Case(NamedTuple):
    """A picture, the centre and half the sides of its box, and the annotated landmarks."""

    image: Image
    middle: NDArray[np.float64]
    half: NDArray[np.float64]
    landmarks: Points


def shifted(case: Case, amount: float, rng: np.random.Generator) -> Case:
    """Move the box by a fraction of its width in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    away = 2 * amount * case.half[0] * np.array([np.cos(angle), np.sin(angle)])
    return case._replace(middle=case.middle + away)


def scaled(case: Case, factor: float, rng: np.random.Generator) -> Case:
    """Enlarge the box about its centre."""
    return case._replace(half=case.half * factor)


def rolled(case: Case, degrees: float, rng: np.random.Generator) -> Case:
    """Rotate the picture about the centre of the box, in a random direction."""
    degrees *= rng.choice([-1, 1])
    matrix = cv2.getRotationMatrix2D(case.middle.tolist(), degrees, 1.0)
    # A margin, so that no part of the picture is rotated out of it.
    margin = int(np.hypot(*case.image.shape[:2]) / 2)
    matrix[:, 2] += margin
    size = (case.image.shape[1] + 2 * margin, case.image.shape[0] + 2 * margin)
    image = cv2.warpAffine(case.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    landmarks = case.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return Case(np.asarray(image, np.uint8), case.middle + margin, case.half, landmarks)


Change = Callable[[Case, float, np.random.Generator], Case]
CURVES: dict[str, tuple[Change, str, tuple[float, ...]]] = {
    "shift": (
        shifted, "shift of the box, fraction of its width", (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
    ),
    "scale": (scaled, "scale of the box", (0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4)),
    "roll": (rolled, "roll of the head, degrees", (0, 15, 30, 45, 60, 90, 135, 180)),
}  # fmt: skip


def measure(faces: Sequence[LabelledFace], predictors: dict[str, Predictor]) -> Curves:
    """NME and failure rate, both in %, of every predictor at every point of every curve."""
    layout = danpredict.convention("ibug68")
    faces = [face for face in faces if face.box is not None]
    results: Curves = {}
    total = sum(len(amounts) for _, _, amounts in CURVES.values())
    with tqdm(total=total * len(faces), unit="face", leave=False) as bar:
        for name, (change, _, amounts) in CURVES.items():
            results[name] = []
            for amount in amounts:
                rng = np.random.default_rng(0)
                errors: dict[str, list[float]] = {p: [] for p in predictors}
                for face in faces:
                    corners = np.reshape(np.array(face.box, float), (2, 2))
                    middle, half = corners.mean(0), np.ptp(corners, axis=0) / 2
                    case = Case(face.picture(), middle, half, face.landmarks)
                    case = change(case, amount, rng)
                    sides = np.concatenate([case.middle - case.half, case.middle + case.half])
                    rect = danpredict.rectangle(*sides.round().astype(int).tolist())
                    scale = face_scale(case.landmarks[None], layout)
                    for key, predictor in predictors.items():
                        found = landmarks_of(predictor(case.image, rect))[None]
                        error = normalised_errors(found, case.landmarks[None], scale)
                        errors[key].append(float(error[0]))
                    bar.update()
                row: dict[str, Any] = {"amount": amount}
                for key, values in errors.items():
                    row[key] = {
                        "nme": 100 * float(np.mean(values)),
                        "failures": 100 * float(np.mean(np.array(values) > FAILURE)),
                    }
                results[name].append(row)
    return results


def draw_curve(
    axes: Axes, rows: Sequence[dict[str, Any]], label: str, key: str, colours: dict[str, str]
) -> None:
    """Draw one curve per predictor; ``key`` is nme or failures."""
    for (predictor, colour), marker in zip(colours.items(), MARKERS, strict=False):
        points = [(point["amount"], point[predictor][key]) for point in rows]
        axes.plot(*zip(*points, strict=True), marker=marker, color=colour, label=predictor)
    axes.grid(alpha=0.3)
    axes.set(xlabel=label, ylabel={"nme": "NME, %", "failures": "faces above 8 %, %"}[key])
    axes.set_ylim(bottom=0)
    axes.legend()


def draw(results: Curves, colours: dict[str, str], title: str, out: Path) -> None:
    """Draw the curves: errors above, failure rates below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), layout="constrained")
    axes = figure.subplots(2, 3, sharex="col")
    figure.suptitle(title)
    for column, (name, rows) in enumerate(results.items()):
        for row, key in enumerate(("nme", "failures")):
            label = CURVES[name][1] if row else ""
            draw_curve(axes[row, column], rows, label, key, colours)
    save_figure(figure, out)


def table(results: Curves) -> str:
    """The numbers as a Markdown table."""
    names = [key for key in results["shift"][0] if key != "amount"]
    lines = [
        f"| | {' | '.join(f'{n}, NME % (above 8 %)' for n in names)} |",
        "|---|" + "---|" * len(names),
    ]
    for name, rows in results.items():
        for row in rows:
            cells = [f"{row[n]['nme']:.2f} ({row[n]['failures']:.1f})" for n in names]
            lines.append(f"| {name} {row['amount']:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_robustness(results: Curves, colours: dict[str, str], title: str, out: Path) -> None:
    """Write the picture of the curves, and the numbers as JSON beside it."""
    draw(results, colours, title, out)
    write_text(out.with_suffix(".json"), json.dumps(results, indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
