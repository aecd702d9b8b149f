"""The results of `speed.benchmark` as tables, pictures and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import write_text

from .profile_face import profile_rows
from .tables import markdown

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def table_rows(results: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of the table; the ratios are to the first predictor."""
    names = [key for key in results["calls"][0] if key not in ("image", "faces", "threads")]
    first = names[0]
    heading = ["", *names, *(f"{name} / {first}" for name in names[1:])]
    rows = []

    def row(what: str, values: dict[str, float], form: str, ratios: dict[str, float]) -> None:
        cells = [form.format(values[name]) if name in values else "" for name in names]
        shown = [f"{ratios[name]:.2f}" if name in ratios else "" for name in names[1:]]
        rows.append([what, *cells, *shown])

    def ratios(values: dict[str, float]) -> dict[str, float]:
        return {n: v / values[first] for n, v in values.items() if first in values}

    for call in results["calls"]:
        cores = "1 thread" if call["threads"] == 1 else f"{call['threads']} threads"
        faces = "1 face" if call["faces"] == 1 else f"{call['faces']} faces"
        what = f"{faces}, {call['image']}, {cores}, ms"
        medians = {name: call[name]["median"] for name in names}
        row(what, medians, "{:.2f}", {name: call[name]["ratio"] for name in names})
    for key, what in (
        ("import", "import, ms"),
        ("load", "load the model, ms"),
        ("first call", "first call, ms"),
        ("memory", "resident memory after loading, MB"),
    ):
        values = {name: start[key] for name, start in results["starts"].items()}
        row(what, values, "{:.0f}", ratios(values))
    row("model file, MB", results["sizes"], "{:.1f}", ratios(results["sizes"]))
    return heading, rows


def table(results: dict[str, Any]) -> str:
    """Markdown tables: times of all predictors, and times of the parts of danpredict."""
    tables = [markdown(*table_rows(results))]
    if results["parts"]:
        tables.append(markdown(*profile_rows(results["parts"])))
    return "\n\n".join(tables)


def draw_growth(axes: Axes, results: dict[str, Any], key: str, colours: dict[str, str]) -> None:
    """Draw the time against the number of faces, or against the image size."""
    for (name, colour), marker in zip(colours.items(), "os^Dvp", strict=False):
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
