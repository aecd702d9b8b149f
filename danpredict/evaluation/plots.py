"""Plots of an evaluation. They need matplotlib, which prediction does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from danpredict.evaluation.metrics import FAILURE
from danpredict.files.outputs import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The palette of Okabe and Ito, for readers with all kinds of colour vision.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
DPI = 110
Colours = Mapping[str, str]


def colours_of(names: Iterable[str], given: Colours | None = None) -> dict[str, str]:
    """A colour for each name: the given one, or the next unused one."""
    given = given or {}
    unused = iter([c for c in COLOURS if c not in given.values()] + list(COLOURS))
    return {name: given.get(name) or next(unused) for name in names}


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> None:
    """Write a figure completely or not at all; the suffix chooses the format."""
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=dpi)


def _label(reports: Mapping[str, Any]) -> str:
    measure = next(iter(reports.values()))["measure"]
    return f"{measure} error, %"


def draw_cumulative(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """The cumulative error distribution: the share of faces below each error."""
    limit = 100 * FAILURE
    for name, row in reports.items():
        errors = np.sort(row["errors"])
        share = 100 * np.arange(1, len(errors) + 1) / len(errors)
        summary = row[row["measure"]]
        label = (
            f"{name}: NME {summary['nme']:.2f} %, {summary['failures']:.1f} % above {limit:.0f} %"
        )
        axes.step(errors, share, where="post", color=colours[name], label=label)
    axes.axvline(limit, color="0.6", linestyle=":")
    axes.set(xlim=(0, 1.5 * limit), ylim=(0, 100), xlabel=_label(reports), ylabel="faces, %")
    axes.legend(loc="lower right")


def draw_regions(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """The error of each facial part, one bar for each predictor."""
    width = 0.8 / len(reports)
    names = list(next(iter(reports.values()))["regions"])
    for i, (name, row) in enumerate(reports.items()):
        places = np.arange(len(names)) + (i - (len(reports) - 1) / 2) * width
        axes.bar(places, [row["regions"][n] for n in names], width, color=colours[name], label=name)
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel=_label(reports))


def draw_stages(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """The error after each stage."""
    highest = 0.0
    for name, row in reports.items():
        if "stages" in row:
            errors = [stage["nme"] for stage in row["stages"]]
            highest = max(highest, *errors)
            axes.plot(range(1, len(errors) + 1), errors, "o-", color=colours[name], label=name)
            axes.set_xticks(range(1, len(errors) + 1))
    axes.set(xlabel="stage", ylabel=_label(reports))
    axes.set_ylim(0, 1.1 * highest or 1)  # one or two points give no useful range


def draw_reliability(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """The share of good landmarks against the confidence."""
    axes.plot([0, 1], [0, 1], color="0.6", linestyle=":")
    for name, row in reports.items():
        bins = row["uncertainty"].get("reliability", [])
        if bins:
            confidence, good = [b["confidence"] for b in bins], [b["good"] for b in bins]
            axes.plot(confidence, good, "o-", color=colours[name], label=name)
    axes.set(xlabel="mean confidence of a bin", ylabel="share with good landmarks")


def draw_report(
    reports: Mapping[str, Any], title: str, path: Path, colours: Colours | None = None
) -> None:
    """Draw all plots into one picture.

    Parameters
    ----------
    reports : dict
        By predictor, from `danpredict.evaluation.accuracy_report.accuracy_report`.
    path : Path
        The suffix chooses the format.
    colours : dict, optional
        By predictor.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        message = "plots need matplotlib: pip install 'danpredict[plots]'"
        raise ImportError(message) from error
    figure = Figure(figsize=(11, 8), layout="constrained")
    figure.suptitle(title)
    panels = (draw_cumulative, draw_regions, draw_stages, draw_reliability)
    for draw, axes in zip(panels, figure.subplots(2, 2).flat, strict=True):
        draw(axes, reports, colours_of(reports, colours))
        axes.grid(alpha=0.3)
    save_figure(figure, path)
