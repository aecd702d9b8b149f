"""Errors as rectangles get worse and heads roll, beside dlib: ``compare.py --robustness``.

Shift moves the rectangle by a fraction of its width in a random direction, scale enlarges it about
its middle, roll turns the picture about it while the rectangle stays upright. Both predictors get
the same pictures and the same rectangles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import danpredict
from danpredict.datasets import LabelledFace
from danpredict.evaluation import Predictor, landmarks_of
from danpredict.metrics import FAILURE, face_scale, normalised_errors

Image = NDArray[np.uint8]
Points = NDArray[np.floating]
COLOURS = {"dlib": "#e69f00", "danpredict": "#0072b2"}


class Case(NamedTuple):
    """A picture, the middle and the half sides of its rectangle, and the truth."""

    image: Image
    middle: NDArray[np.float64]
    half: NDArray[np.float64]
    landmarks: Points


def shifted(case: Case, amount: float, rng: np.random.Generator) -> Case:
    """The rectangle moved by a fraction of its width, in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    away = 2 * amount * case.half[0] * np.array([np.cos(angle), np.sin(angle)])
    return case._replace(middle=case.middle + away)


def scaled(case: Case, factor: float, rng: np.random.Generator) -> Case:
    """The rectangle enlarged about its middle."""
    return case._replace(half=case.half * factor)


def rolled(case: Case, degrees: float, rng: np.random.Generator) -> Case:
    """The picture turned about the rectangle's middle, either way, the rectangle upright."""
    degrees *= rng.choice([-1, 1])
    matrix = cv2.getRotationMatrix2D(case.middle.tolist(), degrees, 1.0)
    # Room for what turns out of the picture.
    margin = int(np.hypot(*case.image.shape[:2]) / 2)
    matrix[:, 2] += margin
    size = (case.image.shape[1] + 2 * margin, case.image.shape[0] + 2 * margin)
    image = cv2.warpAffine(case.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    landmarks = case.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return Case(np.asarray(image, np.uint8), case.middle + margin, case.half, landmarks)


Change = Callable[[Case, float, np.random.Generator], Case]
CURVES: dict[str, tuple[Change, str, tuple[float, ...]]] = {
    "shift": (
        shifted, "shift of the rectangle, of its width", (0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
    ),
    "scale": (scaled, "scale of the rectangle", (0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4)),
    "roll": (rolled, "roll of the head, degrees", (0, 15, 30, 45, 60, 90, 135, 180)),
}  # fmt: skip


def measure(
    faces: Sequence[LabelledFace], predictors: dict[str, Predictor]
) -> dict[str, list[dict[str, Any]]]:
    """NME and failures, both in %, of every predictor at every point of every curve."""
    layout = danpredict.convention("ibug68")
    faces = [face for face in faces if face.rectangle is not None]
    results: dict[str, list[dict[str, Any]]] = {}
    total = sum(len(amounts) for _, _, amounts in CURVES.values())
    with tqdm(total=total * len(faces), unit="face", leave=False) as bar:
        for name, (change, _, amounts) in CURVES.items():
            results[name] = []
            for amount in amounts:
                rng = np.random.default_rng(0)
                errors: dict[str, list[float]] = {p: [] for p in predictors}
                for face in faces:
                    corners = np.reshape(np.array(face.rectangle, float), (2, 2))
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


def draw(results: dict[str, list[dict[str, Any]]], title: str, out: Path) -> None:
    """The curves, failures below the errors."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(12, 6), layout="constrained", sharex="col")
    figure.suptitle(title)
    for column, (name, rows) in enumerate(results.items()):
        for row, (key, label) in enumerate((("nme", "NME, %"), ("failures", "faces above 8 %"))):
            panel = axes[row, column]
            for predictor, marker in zip([k for k in rows[0] if k != "amount"], "os", strict=False):
                points = [(point["amount"], point[predictor][key]) for point in rows]
                panel.plot(
                    *zip(*points, strict=True), marker=marker, color=COLOURS[predictor],
                    label=predictor,
                )  # fmt: skip
            panel.grid(alpha=0.3)
            panel.set_ylabel(label)
        axes[0, column].set_yscale("log")
        axes[0, column].set_yticks([4, 8, 16, 32, 64, 128], ["4", "8", "16", "32", "64", "128"])
        axes[0, column].minorticks_off()
        axes[1, column].set_ylim(0, 100)
        axes[1, column].set_xlabel(CURVES[name][1])
        axes[0, column].legend()
    figure.savefig(out, dpi=110)
    pyplot.close(figure)


def table(results: dict[str, list[dict[str, Any]]]) -> str:
    """The figures as a Markdown table."""
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


def compare_robustness(
    faces: Sequence[LabelledFace], predictors: dict[str, Predictor], title: str, out: Path | None
) -> None:
    """Print the table; the curves go to the picture ``out``, the figures to the JSON beside it."""
    results = measure(faces, predictors)
    print(table(results))
    if out is not None:
        draw(results, title, out)
        out.with_suffix(".json").write_text(json.dumps(results, indent=1), "utf-8")
        print(f"wrote {out} and {out.with_suffix('.json')}")
