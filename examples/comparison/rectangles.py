"""The same faces with boxes of several detectors: ``compare.py --dataset --detector A B ...``.

Only faces that every detector finds are used, so that only the boxes differ between the rows.
danpredict runs with the detector's name, and also without it ("uncalibrated").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

import danpredict
from danpredict.datasets.dataset import read_dataset
from danpredict.datasets.face import BoxTuple, LabelledFace
from danpredict.detectors.load import Detector, load_detector
from danpredict.evaluation.accuracy_report import accuracy_report
from danpredict.evaluation.evaluate import run_predictors
from danpredict.evaluation.face_boxes import detected_box
from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import write_text

from .accuracy import LAYOUT, lineup
from .contestants import Contestant
from .palette import MARKERS
from .tables import markdown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOG = "dlib"
Rows = dict[str, dict[str, dict[str, Any]]]  # detector, predictor: errors in percent


def parse_detector(spec: str) -> tuple[str, Detector]:
    """Load the detector ``NAME``, or ``NAME=FILE`` with its weights file."""
    name, _, file = spec.partition("=")
    return name, load_detector(name, weights=file or None)


def find_rectangles(
    faces: Sequence[LabelledFace], name: str, detector: Detector
) -> list[BoxTuple | None]:
    """The detector's box of each face; None if it misses the face."""
    found: list[BoxTuple | None] = []
    for face in tqdm(faces, desc=name, unit="face", leave=False):
        box = detected_box(face.picture(), face, detector)
        found.append(None if box is None else box.sides)
    return found


def compare_rectangles(
    folder: Path, boxes: Path | None, specs: Sequence[str], contestants: Sequence[Contestant]
) -> Rows:
    """Errors of all predictors by detector; ``boxes`` is a file of boxes of dlib's HOG detector.

    Raises
    ------
    ValueError
        No face is found by every detector.
    """
    layout = danpredict.convention(LAYOUT)
    faces = read_dataset(folder, layout.size, boxes)
    found: dict[str, list[BoxTuple | None]] = {}
    if boxes is not None:
        found[HOG] = [face.box for face in faces]
    for name, detector in map(parse_detector, specs):
        found[name] = find_rectangles(faces, name, detector)
    for name, rectangles in found.items():
        print(f"{name} finds {sum(r is not None for r in rectangles)} of {len(faces)} faces")
    everywhere = [i for i in range(len(faces)) if all(r[i] is not None for r in found.values())]
    rows: Rows = {}
    for name, rectangles in found.items():
        predictors: dict[str, Callable[..., Any]] = dict(lineup(contestants, name))
        chosen = [replace(faces[i], box=rectangles[i]) for i in everywhere]
        used, seen, _ = run_predictors(predictors, chosen)
        reports = {p: accuracy_report(o, None, used, layout) for p, o in seen.items()}
        rows[name] = {p: r[r["measure"]] for p, r in reports.items()}
    return rows


def _names(rows: Rows) -> list[str]:
    """All predictors of all rows, in order."""
    return list(dict.fromkeys(name for row in rows.values() for name in row))


def table_rows(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Heading and cells: NME in %, and in brackets the failure rate (errors above 8 %)."""
    names = _names(rows)
    cells = [
        [detector, str(next(iter(row.values()))["faces"])]
        + [f"{row[n]['nme']:.2f} ({row[n]['failures']:.1f})" if n in row else "" for n in names]
        for detector, row in rows.items()
    ]
    return ["boxes of", "faces", *names], cells


def table(rows: Rows) -> str:
    """The numbers as a Markdown table."""
    return markdown(*table_rows(rows))


def draw(axes: Axes, rows: Rows, colours: dict[str, str]) -> None:
    """Draw a point for every detector and predictor."""
    names = [name for name in _names(rows) if name in colours]
    for name, marker in zip(names, MARKERS, strict=False):
        values = [row[name]["nme"] for row in rows.values()]
        axes.plot(values, list(rows), marker, color=colours[name], label=name, markersize=9)
    axes.set(xlabel="NME, %", xlim=(0, None))
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    axes.legend()


def write_rectangles(rows: Rows, colours: dict[str, str], title: str, out: Path) -> None:
    """Write the picture, and the numbers as JSON beside it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1.5 + 0.5 * len(rows)), layout="constrained")
    draw(figure.subplots(), rows, colours)
    figure.suptitle(title)
    save_figure(figure, out)
    write_text(out.with_suffix(".json"), json.dumps(rows, indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
