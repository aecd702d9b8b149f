"""The errors on annotated faces on the page of ``compare.py --report``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from danpredict.evaluation import plots

from .accuracy import Accuracy
from .contestants import Contestant, colours_of
from .page import Page, details, gallery, paragraph, plot, table

SHOWN = 4  # number of best faces and of worst faces
ERROR_STEPS = (2, 3, 4, 5, 6, 7, 8, 10, 12)  # %, rows of the table of cumulative errors


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
    colours = plots.colours_of(result.reports, colours_of(contestants))
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
