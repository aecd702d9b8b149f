"""All results on one HTML page: ``compare.py --report page.html``.

The same numbers are written as JSON beside the page.
"""

from __future__ import annotations

import json
import platform
import shlex
from collections.abc import Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from danpredict.cascade.parallel import available_cores
from danpredict.evaluation import plots
from danpredict.files.outputs import write_text
from danpredict.resources import data_folder

from . import rectangles
from .accuracy import Accuracy
from .contestants import Contestant, colours_of
from .findings import Findings
from .page import Page, details, gallery, paragraph, plot, table
from .report_accuracy import on_accuracy, on_faces
from .robustness import CURVES, Curves, draw_curve
from .speed_report import draw_growth, draw_stages, tables
from .tradeoff import draw_labelled, panels

PACKAGES = (
    "danpredict",
    "dlib-bin",
    "dlib",
    "numpy",
    "opencv-python",
    "scikit-image",
    "onnxruntime",
)


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
    for found in tables(results):
        page.add(table(*found))
    page.plots += [
        plot("Time against faces", draw_growth, results, "faces", colours),
        plot("Time against image size", draw_growth, results, "pixels", colours),
    ]
    if results["stages"]:
        blue = colours.get("danpredict", plots.COLOURS[0])
        page.plots.append(plot("Time by stages", draw_stages, results, blue))
    page.flush_plots()
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


def on_tradeoff(
    page: Page, accuracy: Accuracy, speed: dict[str, Any], colours: dict[str, str]
) -> None:
    """Add the plots of error against time."""
    page.heading("Error against time")
    page.plots += [
        plot(f"Error against time: {title}", draw_labelled, panel, colours)
        for title, panel in panels(accuracy, speed).items()
    ]
    page.flush_plots()


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
    colours = colours_of(contestants)
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
    if findings.accuracy is not None and findings.speed is not None:
        on_tradeoff(page, findings.accuracy, findings.speed, colours)
    on_models(page, contestants)
    page.heading("Command and versions")
    page.add(page.text(shlex.join(command)) + table(["what", "version"], versions()))
    page.add(paragraph(f"Made on {date.today().isoformat()}."))
    write_text(out, page.html())
    figures = {"command": list(command), "versions": dict(versions()), **findings.figures()}
    write_text(out.with_suffix(".json"), json.dumps(figures, indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
