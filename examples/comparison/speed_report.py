"""The results of `speed.benchmark` as tables, pictures and JSON."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import write_text

from .palette import MARKERS
from .profile_face import profile_rows
from .runs import runs_of
from .tables import markdown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Table = tuple[list[str], list[list[str]]]  # heading and rows


class Row(NamedTuple):
    """A row of a table.

    Attributes
    ----------
    what : str
    values, ratios : by predictor; the ratios are to the first predictor
    form : str
        Format of a value.
    """

    what: str
    values: dict[str, float]
    ratios: dict[str, float]
    form: str = "{:.2f}"


def _ratios(values: dict[str, float], first: str) -> dict[str, float]:
    return {n: v / values[first] for n, v in values.items() if first in values}


def names_of(results: dict[str, Any]) -> list[str]:
    """Names of the predictors."""
    return [key for key in results["calls"][0] if key not in ("image", "faces", "threads")]


def time_rows(results: dict[str, Any]) -> list[Row]:
    """Times, memory and sizes of one run."""
    names = names_of(results)
    rows = []
    for call in results["calls"]:
        cores = "1 thread" if call["threads"] == 1 else f"{call['threads']} threads"
        faces = "1 face" if call["faces"] == 1 else f"{call['faces']} faces"
        medians = {name: call[name]["median"] for name in names}
        ratios = {name: call[name]["ratio"] for name in names}
        rows.append(Row(f"{faces}, {call['image']}, {cores}, ms", medians, ratios))
    rows.append(Row("the larger face / the small face, times", results["large face"], {}))
    for key, what in (
        ("import", "import, ms"),
        ("load", "load the model, ms"),
        ("first call", "first call, ms"),
        ("memory", "resident memory after loading, MB"),
    ):
        values = {name: start[key] for name, start in results["starts"].items()}
        rows.append(Row(what, values, _ratios(values, names[0]), "{:.0f}"))
    sizes = results["sizes"]
    return [*rows, Row("model file, MB", sizes, _ratios(sizes, names[0]), "{:.1f}")]


def throughput_rows(results: dict[str, Any]) -> list[Row]:
    """Frames and pictures a second of one run; a ratio above 1 is faster."""
    rows = []
    for clip in results["throughput"]:
        found = {name: clip[name] for name in names_of(results) if name in clip}
        rates = {name: row["rate"] for name, row in found.items()}
        ratios = {name: row["ratio"] for name, row in found.items() if "ratio" in row}
        rows.append(Row(clip["what"], rates, ratios, "{:.1f}"))
    return rows


def _cell(ratios: list[float]) -> str:
    """The median, and the range if there are several."""
    median = f"{statistics.median(ratios):.2f}"
    return median if len(ratios) == 1 else f"{median} ({min(ratios):.2f} to {max(ratios):.2f})"


def _table(runs: list[list[Row]], names: list[str], title: str) -> Table:
    """Heading and rows: medians over the runs, and the range of the ratios."""
    rows = []
    for same in zip(*runs, strict=True):
        first = same[0]
        cells = [
            first.form.format(statistics.median(row.values[name] for row in same))
            if name in first.values else ""
            for name in names
        ]  # fmt: skip
        shown = [
            _cell([row.ratios[name] for row in same]) if name in first.ratios else ""
            for name in names[1:]
        ]
        rows.append([first.what, *cells, *shown])
    return [title, *names, *(f"{name} / {names[0]}" for name in names[1:])], rows


def tables(results: dict[str, Any]) -> list[Table]:
    """Heading and rows: times, rates (if there are any), and the parts of danpredict."""
    runs, names = runs_of(results), names_of(results)
    title = "" if len(runs) == 1 else f"medians of {len(runs)} runs, range of the ratios"
    found = [_table([time_rows(run) for run in runs], names, title)]
    if results["throughput"]:
        rows = [throughput_rows(run) for run in runs]
        found.append(_table(rows, names, f"{title}; more is faster".removeprefix("; ")))
    if results["parts"]:
        found.append(profile_rows(results["parts"]))
    return found


def table(results: dict[str, Any]) -> str:
    """The `tables` as Markdown."""
    return "\n\n".join(markdown(*found) for found in tables(results))


def draw_growth(axes: Axes, results: dict[str, Any], key: str, colours: dict[str, str]) -> None:
    """Draw the time against the number of faces, or against the image size."""
    for (name, colour), marker in zip(colours.items(), MARKERS, strict=False):
        points = [(x, medians[name]) for x, medians in results[key]]
        axes.plot(*zip(*points, strict=True), marker=marker, color=colour, label=name)
    axes.set(xscale="log", ylabel="ms a call (median)")
    axes.set_xticks([x for x, _ in results[key]], [f"{x:.3g}" for x, _ in results[key]])
    if key == "faces":
        axes.set(yscale="log", xlabel="faces in a call, all threads")
    else:
        axes.set(xlabel="megapixels of the image, one face, one thread", ylim=(0, None))
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()


def draw_stages(axes: Axes, results: dict[str, Any], colour: str) -> None:
    """Draw the time after each stage."""
    medians = [timing["median"] for timing in results["stages"]]
    axes.bar([str(i + 1) for i in range(len(medians))], medians, color=colour)
    axes.set(xlabel="stages of danpredict's cascade, one thread", ylabel="ms a face (median)")


def draw(results: dict[str, Any], colours: dict[str, str], out: Path) -> None:
    """Draw the time against faces, image size and stages."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    faces, pixels, stages = figure.subplots(1, 3)
    draw_growth(faces, results, "faces", colours)
    draw_growth(pixels, results, "pixels", colours)
    draw_stages(stages, results, colours.get("danpredict", "0.5"))
    save_figure(figure, out)


def write_speed(results: dict[str, Any], colours: dict[str, str], out: Path) -> None:
    """Write the picture, and all numbers as JSON beside it."""
    draw(results, colours, out)
    write_text(out.with_suffix(".json"), json.dumps(results, indent=1))
    print(f"wrote {out} and {out.with_suffix('.json')}")
