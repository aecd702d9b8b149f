"""A run's course: one row per validation in ``log.csv``, and the same as a picture."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any


class RunLog:
    """``log.csv`` and ``curves.png`` in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self.table, self.picture = folder / "log.csv", folder / "curves.png"

    def forget_rows_after(self, step: int) -> None:
        """Drop what an interrupted run logged after its last checkpoint."""
        if self.table.is_file():
            head, *rows = self.table.read_text("utf-8").splitlines()
            kept = [row for row in rows if int(row.split(",")[0]) <= step]
            self.table.write_text("\n".join([head, *kept]) + "\n", "utf-8")

    def add(self, row: dict[str, Any]) -> None:
        """Append a row, beginning with its step; the first one's keys become the header."""
        fresh = not self.table.exists()
        with self.table.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if fresh:
                writer.writerow(row)
            writer.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in row.values())

    def columns(self) -> dict[str, list[float]]:
        """The table, column by column; nothing before the first row."""
        if not self.table.is_file():
            return {}
        with self.table.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else {}

    def draw(self) -> None:
        """Draw training loss and validation errors over the faces seen."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import StrMethodFormatter

        columns = self.columns()
        if not columns:
            return
        figure = Figure(figsize=(9, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(columns["faces"], columns["loss"], color="0.3")
        left.set(xlabel="faces seen", ylabel="training loss", yscale="log")
        stages = [name for name in columns if name.startswith("nme_stage")]
        for name, style in zip(stages, ("--", "-", ":", "-."), strict=False):
            label = f"stage {name.removeprefix('nme_stage')}"
            right.plot(columns["faces"], columns[name], style, label=label)
        right.set(xlabel="faces seen", ylabel="validation NME, %", yscale="log")
        if stages:
            right.legend()
        for axes in (left, right):
            axes.grid(alpha=0.3, which="both")
            for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                formatter(StrMethodFormatter("{x:g}"))  # not powers of ten
        figure.savefig(self.picture, dpi=110)
