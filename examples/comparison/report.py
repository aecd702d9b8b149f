"""All results on one HTML page: ``compare.py --report page.html``.

The same numbers are written as JSON beside the page.
"""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from danpredict.cascade.parallel import available_cores
from danpredict.evaluation import plots
from danpredict.files.outputs import write_text
from danpredict.resources import data_folder

from . import rectangles
from .accuracy import Accuracy
from .contestants import Contestant
from .page import Page, details, gallery, paragraph, plot, table
from .pictures import Side
from .profile_face import profile_rows
from .robustness import CURVES, Curves, draw_curve
from .speed_report import draw_growth, draw_stages, table_rows

SHOWN = 4  # number of best faces and of worst faces
PACKAGES = (
    "danpredict",
    "dlib-bin",
    "dlib",
    "numpy",
    "opencv-python",
    "scikit-image",
    "onnxruntime",
)
ERROR_STEPS = (2, 3, 4, 5, 6, 7, 8, 10, 12)  # %, rows of the table of cumulative errors


@dataclass
class Findings:
    """The results of a run of ``compare.py``."""

    sides: list[Side] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    accuracy: Accuracy | None = None
    rectangles: rectangles.Rows | None = None
    robustness: Curves | None = None
    speed: dict[str, Any] | None = None

    def figures(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        pictures = [
            {"picture": s.title, "pixels_apart": s.apart, "confidence": s.confidence}
            for s in self.sides
        ]
        return {
            "pictures": pictures,
            "milliseconds": self.times,
            "accuracy": self.accuracy.figures() if self.accuracy else None,
            "rectangles": self.rectangles,
            "robustness": self.robustness,
            "speed": self.speed,
        }


def on_pictures(page: Page, findings: Findings) -> None:
    """Add the photos and the distances."""
    page.heading("Side by side")
    for side in findings.sides:
        page.add(
            gallery([[(f"{side.title}: {n}", tile) for n, tile in side.tiles.items()]], large=True)
        )
    first = next(iter(findings.sides[0].tiles))
    rows = [
        [side.title, name, f"{side.apart.get(name, 0):.2f}",
         f"{side.confidence[name]:.2f}" if name in side.confidence else ""]
        for side in findings.sides for name in side.tiles
    ]  # fmt: skip
    page.add(table(["face", "predictor", f"pixels from {first}, mean", "confidence"], rows))
    page.add(table(["predictor", "ms a face, median"],
                   [[n, f"{t:.2f}"] for n, t in findings.times.items()]))  # fmt: skip


def on_accuracy(page: Page, result: Accuracy, contestants: Sequence[Contestant]) -> None:
    """Add the errors with confidence intervals, tests of the differences, and four plots."""
    page.heading(f"Errors on {result.folder}")
    page.add(paragraph(
        f"{len(result.faces)} of {result.total} faces have a box from {result.whose}. All "
        "predictors get the same boxes. NME is the mean distance of the 68 landmarks from the "
        "annotated ones, divided by the distance of the outer eye corners. Brackets are 95 % "
        "bootstrap intervals over faces. dlib's model was trained on the common test set of "
        "300-W (HELEN, LFPW), so a comparison on those pictures favours dlib."
    ))  # fmt: skip
    rows = []
    for name, row in result.reports.items():
        errors, (nme, failures) = row[row["measure"]], result.intervals(name)
        rows.append([
            name, f"{errors['nme']:.2f} ({nme[0]:.2f} to {nme[1]:.2f})", f"{errors['median']:.2f}",
            f"{errors['failures']:.1f} ({failures[0]:.1f} to {failures[1]:.1f})",
            f"{errors['auc']:.1f}", f"{result.milliseconds[name]:.2f}",
        ])  # fmt: skip
    page.add(table(["predictor", "NME, %", "median, %", "above 8 %", "AUC at 8 %", "ms a face"],
                   rows))  # fmt: skip
    _differences(page, result)
    colours = plots.colours_of(result.reports, {c.name: c.colour for c in contestants})
    page.plots += [
        plot("Cumulative errors", plots.draw_cumulative, result.reports, colours),
        plot("Error of each part", plots.draw_regions, result.reports, colours),
        plot("Error after each stage", plots.draw_stages, result.reports, colours),
        plot(
            "Reliability of the confidence",
            plots.draw_reliability,
            result.reports,
            colours,
        ),
    ]
    page.flush_plots()
    page.add(details("The numbers", _accuracy_tables(result)))


def _differences(page: Page, result: Accuracy) -> None:
    """Add the difference of every pair, in words and in numbers."""
    rows = []
    for (a, b), d in result.differences().items():
        page.add(paragraph(f"{a} against {b}: {d.verdict}."))
        low, high = d.nme_interval
        rows.append([
            f"{a} minus {b}", f"{d.nme:+.2f} ({low:+.2f} to {high:+.2f})", f"{d.nme_p:.1g}",
            f"{d.failures:+.1f}", f"{d.failures_p:.1g}",
        ])  # fmt: skip
    page.add(table(["difference", "NME, points", "p (Wilcoxon)", "above 8 %, points",
                    "p (McNemar)"], rows))  # fmt: skip


def _accuracy_tables(result: Accuracy) -> str:
    names = list(result.reports)
    shares = [
        [f"{step} %", *(f"{100 * np.mean(result.errors(n) * 100 <= step):.1f}" for n in names)]
        for step in ERROR_STEPS
    ]
    parts = list(next(iter(result.reports.values()))["regions"])
    regions = [[p, *(f"{result.reports[n]['regions'][p]:.2f}" for n in names)] for p in parts]
    stages = [
        [name, str(i + 1), f"{stage['nme']:.2f}", f"{stage['failures']:.1f}"]
        for name, row in result.reports.items()
        for i, stage in enumerate(row.get("stages", []))
    ]
    bins = [
        [name, f"{b['confidence']:.3f}", f"{b['good']:.3f}", str(b["count"])]
        for name, row in result.reports.items()
        for b in row["uncertainty"].get("reliability", [])
    ]
    return (
        table(["faces with an error up to", *names], shares)
        + table(["part, NME in %", *names], regions)
        + table(["predictor", "stage", "NME, %", "above 8 %"], stages)
        + table(["predictor", "confidence, mean of a bin", "share of good results", "cases"], bins)
    )


def on_faces(page: Page, result: Accuracy, contestants: Sequence[Contestant]) -> None:
    """Add the faces with the largest and the smallest errors of each predictor."""
    page.heading("Worst and best faces")
    page.add(paragraph("White crosses are the annotated landmarks, dots the predicted ones. The "
                       "percentage is the error of the face."))  # fmt: skip
    for contestant in contestants:
        order = np.argsort(result.errors(contestant.name))
        for what, chosen in (("worst", order[::-1][:SHOWN]), ("best", order[:SHOWN])):
            page.add(f"<h3>{what} of {contestant.name}</h3>")
            page.add(gallery([
                [(f"{result.faces[i].path.name}: {c.name}", result.tile(int(i), c))
                 for c in contestants]
                for i in chosen
            ]))  # fmt: skip


def on_rectangles(page: Page, rows: rectangles.Rows, colours: dict[str, str]) -> None:
    """Add the errors by detector."""
    page.heading("Boxes of several detectors")
    page.add(paragraph(
        "NME in %, and in brackets the share of errors above 8 %, on the faces that all detectors "
        "find. Uncalibrated: without the name of the detector."
    ))  # fmt: skip
    page.add(table(*rectangles.table_rows(rows)))
    page.plots.append(plot("Error by detector", rectangles.draw, rows, colours))
    page.flush_plots()


def on_robustness(page: Page, curves: Curves, colours: dict[str, str]) -> None:
    """Add the errors with shifted and scaled boxes and rolled heads."""
    page.heading("Bad boxes and rolled heads")
    cells = []
    for name, rows in curves.items():
        label = CURVES[name][1]
        for key, what in (("nme", "Error"), ("failures", "Failures")):
            alt = f"{what} against {name}"
            page.plots.append(plot(alt, draw_curve, rows, label, key, colours))
        for row in rows:
            found = [f"{row[n]['nme']:.2f} ({row[n]['failures']:.1f})" for n in colours]
            cells.append([f"{name} {row['amount']:g}", *found])
    page.flush_plots()
    heading = ["", *(f"{n}: NME, % (above 8 %)" for n in colours)]
    page.add(details("The numbers", table(heading, cells)))


def on_speed(page: Page, results: dict[str, Any], colours: dict[str, str]) -> None:
    """Add the times."""
    page.heading("Speed")
    page.add(paragraph("Medians over calls. The predictors were called in shuffled order. A "
                       "ratio is the median of the ratios of neighbouring calls."))  # fmt: skip
    page.add(table(*table_rows(results)))
    page.plots += [
        plot("Time against faces", draw_growth, results, "faces", colours),
        plot("Time against image size", draw_growth, results, "pixels", colours),
    ]
    if results["stages"]:
        blue = colours.get("danpredict", plots.COLOURS[0])
        page.plots.append(plot("Time by stages", draw_stages, results, blue))
    page.flush_plots()
    if results["parts"]:
        page.add(table(*profile_rows(results["parts"])))
    growth = [
        [f"{what} {x:.3g}", *(f"{medians[n]:.2f}" for n in colours)]
        for key, what in (("faces", "faces:"), ("pixels", "megapixels:"))
        for x, medians in results[key]
    ]  # fmt: skip
    stages = [[str(i + 1), f"{t['median']:.2f}"] for i, t in enumerate(results["stages"])]
    page.add(details(
        "The numbers",
        table(["ms a call, median", *colours], growth) + table(["stages", "ms a face"], stages),
    ))  # fmt: skip


def on_models(page: Page, contestants: Sequence[Contestant]) -> None:
    """Add the descriptions of the models."""
    page.heading("Models")
    for contestant in contestants:
        if contestant.ours is not None:
            info = contestant.ours.info
            known = ("name", "licence", "stages", "landmarks", "input_size", "arithmetic")
            rows = [[key, str(info[key])] for key in known if key in info]
            page.add(f"<h3>{contestant.name}</h3>" + table(["", ""], rows))
        elif contestant.file is not None:
            megabytes = contestant.file.stat().st_size / 1e6
            page.add(paragraph(f"{contestant.name}: {contestant.file.name}, {megabytes:.1f} MB"))
    card = (data_folder("weights") / "README.md").read_text("utf-8")
    page.add(details("Model card of danpredict", page.text(card)))


def versions() -> list[list[str]]:
    """Versions of Python, the packages and the machine."""
    rows = [["Python", platform.python_version()], ["machine", platform.platform()]]
    for package in PACKAGES:
        try:
            rows.append([package, version(package)])
        except PackageNotFoundError:
            continue
    return [*rows, ["threads", str(available_cores())]]


def write_report(
    findings: Findings, contestants: Sequence[Contestant], command: Sequence[str], out: Path
) -> None:
    """Write the page, and the numbers as JSON beside it."""
    colours = {contestant.name: contestant.colour for contestant in contestants}
    page = Page(f"danpredict: {', '.join(colours)} compared")
    if findings.sides:
        on_pictures(page, findings)
    if findings.accuracy is not None:
        on_accuracy(page, findings.accuracy, contestants)
        on_faces(page, findings.accuracy, contestants)
    if findings.rectangles is not None:
        on_rectangles(page, findings.rectangles, colours)
    if findings.robustness is not None:
        on_robustness(page, findings.robustness, colours)
    if findings.speed is not None:
        on_speed(page, findings.speed, colours)
    on_models(page, contestants)
    page.heading("Command and versions")
    page.add(page.text(shlex.join(command)) + table(["what", "version"], versions()))
    page.add(paragraph(f"Made on {date.today().isoformat()}."))
    write_text(out, page.html())
    figures = {"command": list(command), "versions": dict(versions()), **findings.figures()}
    write_text(out.with_suffix(".json"), json.dumps(figures, indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
