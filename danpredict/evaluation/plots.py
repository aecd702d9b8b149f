"""Pictures of an evaluation. Needs matplotlib, which nothing else at inference does."""

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

# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
DPI = 110
Colours = Mapping[str, str]


def colours_of(names: Iterable[str], wanted: Colours | None = None) -> dict[str, str]:
    """A colour for every name: the wanted one, or one that is left."""
    wanted = wanted or {}
    left = iter([c for c in COLOURS if c not in wanted.values()] + list(COLOURS))
    return {name: wanted.get(name) or next(left) for name in names}


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> None:
    """Write a figure, in any kind of file that matplotlib writes, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=dpi)


def _label(reports: Mapping[str, Any]) -> str:
    measure = next(iter(reports.values()))["measure"]
    return f"{measure} error, %"


def draw_cumulative(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """Cumulative error distribution: the share of faces below an error."""
    limit = 100 * FAILURE
    for name, row in reports.items():
        errors = np.sort(row["errors"])
        share = 100 * np.arange(1, len(errors) + 1) / len(errors)
        whole = row[row["measure"]]
        label = f"{name}: {whole['nme']:.2f} %, {whole['failures']:.1f} % above {limit:.0f}"
        axes.step(errors, share, where="post", color=colours[name], label=label)
    axes.axvline(limit, color="0.6", linestyle=":")
    axes.set(xlim=(0, 1.5 * limit), ylim=(0, 100), xlabel=_label(reports), ylabel="faces, %")
    axes.legend(loc="lower right")


def draw_regions(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """Error of each facial part, side by side."""
    width = 0.8 / len(reports)
    names = list(next(iter(reports.values()))["regions"])
    for i, (name, row) in enumerate(reports.items()):
        places = np.arange(len(names)) + (i - (len(reports) - 1) / 2) * width
        axes.bar(places, [row["regions"][n] for n in names], width, color=colours[name], label=name)
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel=_label(reports))


def draw_stages(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """Error after each stage."""
    highest = 0.0
    for name, row in reports.items():
        if "stages" in row:
            errors = [stage["nme"] for stage in row["stages"]]
            highest = max(highest, *errors)
            axes.plot(range(1, len(errors) + 1), errors, "o-", color=colours[name], label=name)
            axes.set_xticks(range(1, len(errors) + 1))
    axes.set(xlabel="stage", ylabel=_label(reports))
    axes.set_ylim(0, 1.1 * highest or 1)  # the range of one or two points leaves no room


def draw_reliability(axes: Axes, reports: Mapping[str, Any], colours: Colours) -> None:
    """Confidence against what came true."""
    axes.plot([0, 1], [0, 1], color="0.6", linestyle=":")
    for name, row in reports.items():
        bins = row["uncertainty"].get("reliability", [])
        if bins:
            said, true = [b["confidence"] for b in bins], [b["good"] for b in bins]
            axes.plot(said, true, "o-", color=colours[name], label=name)
    axes.set(xlabel="confidence, mean of a bin", ylabel="share found well")


def draw_report(
    reports: Mapping[str, Any], title: str, path: Path, colours: Colours | None = None
) -> None:
    """Draw all of it into one picture.

    Parameters
    ----------
    reports : by predictor, as `danpredict.evaluation.evaluate.report` gives them
    path : Path
        Any kind of file that matplotlib writes.
    colours : of predictors, by name, optional

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        message = "pictures need matplotlib: pip install 'danpredict[plots]'"
        raise ImportError(message) from error
    figure = Figure(figsize=(11, 8), layout="constrained")
    figure.suptitle(title)
    panels = (draw_cumulative, draw_regions, draw_stages, draw_reliability)
    for draw, axes in zip(panels, figure.subplots(2, 2).flat, strict=True):
        draw(axes, reports, colours_of(reports, colours))
        axes.grid(alpha=0.3)
    save_figure(figure, path)
