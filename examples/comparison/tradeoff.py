"""Error against time, one point per predictor: ``compare.py --dataset --speed --tradeoff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import write_text

from .accuracy import Accuracy
from .palette import MARKERS
from .runs import runs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ERROR = "error (NME), %"
TICKS = (
    0.1,
    0.2,
    0.3,
    0.5,
    0.7,
    1,
    1.5,
    2,
    3,
    5,
    10,
    20,
)  # multiples of the first predictor's time
# Where a label may be: points (1/72 inch) from the marker, horizontal and vertical alignment.
PLACES = (
    (8, 0, "left", "center"),
    (0, 7, "center", "bottom"),
    (0, -7, "center", "top"),
    (-8, 0, "right", "center"),
    (5, 5, "left", "bottom"),
    (5, -5, "left", "top"),
    (-5, 5, "right", "bottom"),
    (-5, -5, "right", "top"),
)
MARKER = 6  # pixels, half the side of a marker
BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # of a label


class Point(NamedTuple):
    """A predictor in the plot.

    Attributes
    ----------
    time : float
        Per face, in multiples of the first predictor's time; median of the runs.
    least, most : float
        The range of ``time`` over the runs.
    nme : float
        Percent.
    """

    time: float
    least: float
    most: float
    nme: float


Panel = dict[str, Point]  # by predictor


def panels(accuracy: Accuracy, speed: dict[str, Any]) -> dict[str, Panel]:
    """The points by title: for one face on one thread, and for many faces on all threads."""
    found = {}
    # `time_calls` puts these two in the first row and in the last one.
    for row in (0, -1):
        call = speed["calls"][row]
        faces = "one face" if call["faces"] == 1 else f"{call['faces']} different faces"
        threads = "one thread" if call["threads"] == 1 else f"{call['threads']} threads"
        panel = {}
        for name, report in accuracy.reports.items():
            if name in call:
                ratios = [run["calls"][row][name]["ratio"] for run in runs_of(speed)]
                nme = report[report["measure"]]["nme"]
                panel[name] = Point(call[name]["ratio"], min(ratios), max(ratios), nme)
        found[f"{faces}, {threads}"] = panel
    return found


def draw_panel(axes: Axes, panel: Panel, colours: dict[str, str]) -> None:
    """Draw the points, without labels."""
    for (name, point), marker in zip(panel.items(), MARKERS, strict=False):
        colour = colours[name]
        axes.plot([point.least, point.most], [point.nme] * 2, color=colour, alpha=0.5)
        axes.plot(point.time, point.nme, marker, color=colour, markersize=9)  # 1/72 inch
    first = next(iter(panel))
    axes.axvline(1, color="0.6", linestyle=":", zorder=0)
    axes.set(xscale="log", xlabel=f"time per face, multiples of {first}'s")
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    axes.grid(alpha=0.3)


def set_limits(axes: Axes, shown: list[Panel]) -> None:
    """Show all points of some panels, with room for labels."""
    points = [point for panel in shown for point in panel.values()]
    axes.set_xlim(min(p.least for p in points) / 1.5, max(p.most for p in points) * 1.7)
    low, high = min(p.nme for p in points), max(p.nme for p in points)
    room = 0.2 * (high - low) or 0.1
    axes.set_ylim(low - room, high + room)


def label(axes: Axes, panel: Panel) -> None:
    """Write the names beside the markers, where they cover neither each other nor a marker.

    A name that fits nowhere is at the first of the `PLACES`.
    """
    from matplotlib.transforms import Bbox

    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # places the axes
    frame = axes.get_window_extent()
    taken = []
    for point in panel.values():
        x, y = axes.transData.transform((point.time, point.nme))
        taken.append(Bbox.from_extents(x - MARKER, y - MARKER, x + MARKER, y + MARKER))
    for name, point in panel.items():
        text = axes.annotate(
            name, (point.time, point.nme), PLACES[0][:2], textcoords="offset points",
            color="0.15", bbox=BEHIND,
        )  # fmt: skip
        text.set_in_layout(False)
        for place in (*PLACES, PLACES[0]):
            text.set(position=place[:2], ha=place[2], va=place[3])
            box = text.get_window_extent()
            if box.count_overlaps(taken) == 0 and frame.x0 < box.x0 and box.x1 < frame.x1:
                break
        taken.append(box)


def draw_labelled(axes: Axes, panel: Panel, colours: dict[str, str]) -> None:
    """Draw one panel alone."""
    draw_panel(axes, panel, colours)
    set_limits(axes, [panel])
    axes.set_ylabel(ERROR)
    label(axes, panel)


def draw(found: dict[str, Panel], title: str, colours: dict[str, str], out: Path) -> None:
    """Draw the panels side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.9), layout="constrained")
    figure.suptitle(title)
    both = figure.subplots(1, len(found), sharex=True, sharey=True)
    for axes, (name, panel) in zip(both, found.items(), strict=True):
        draw_panel(axes, panel, colours)
        axes.set_title(name)
    set_limits(both[0], list(found.values()))
    both[0].set_ylabel(ERROR)
    for axes, panel in zip(both, found.values(), strict=True):
        label(axes, panel)
    save_figure(figure, out)


def write_tradeoff(
    accuracy: Accuracy, speed: dict[str, Any], colours: dict[str, str], out: Path
) -> None:
    """Write the plot, and the points and all numbers behind them as JSON beside it."""
    found = panels(accuracy, speed)
    runs = len(runs_of(speed))
    title = f"{accuracy.folder.name}, {len(accuracy.faces)} faces; lower left is better"
    draw(found, title if runs == 1 else f"{title}; times: {runs} runs", colours, out)
    points = {name: {n: p._asdict() for n, p in panel.items()} for name, panel in found.items()}
    figures = {"points": points, "accuracy": accuracy.figures(), "speed": speed}
    write_text(out.with_suffix(".json"), json.dumps(figures, indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
