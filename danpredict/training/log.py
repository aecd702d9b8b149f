"""The log of a run: one row per validation in ``log.csv``, and a plot of it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

from danpredict.evaluation.plots import save_figure
from danpredict.files.outputs import write_text


class RunLog:
    """``log.csv`` and ``curves.png`` in a run's folder."""

    def __init__(self, folder: Path) -> None:
        self.table, self.picture = folder / "log.csv", folder / "curves.png"

    def forget_rows_after(self, step: int) -> None:
        """Remove the rows that an interrupted run logged after its last checkpoint.

        Raises
        ------
        ValueError
            The ``log.csv`` in the folder is not a run's log.
        """
        if not self.table.is_file():
            return
        try:
            head, *rows = self.table.read_text("utf-8").splitlines()
            if not re.fullmatch(r"step(,\w{1,40})*", head):
                raise ValueError("its header is not 'step' and column names")
            width = len(head.split(","))
            kept = []
            for row in rows:
                values = list(map(float, row.split(",")))
                if len(values) != width:
                    raise ValueError(f"a row has {len(values)} columns, the header has {width}")
                if values[0] <= step:
                    kept.append(row)
        except ValueError as error:
            raise ValueError(
                f"expected the log of a run, got {self.table} ({error}). Use another --out folder."
            ) from error
        write_text(self.table, "\n".join([head, *kept]) + "\n")

    def add(self, row: dict[str, Any]) -> None:
        """Append a row; its first entry is the step. The keys of the first row are the header."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        before = self.table.read_text("utf-8") if self.table.exists() else ""
        if not before:
            writer.writerow(row)
        writer.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in row.values())
        write_text(self.table, before + stream.getvalue())  # a run has about 40 rows

    def columns(self) -> dict[str, list[float]]:
        """The columns of the table; empty before the first row."""
        if not self.table.is_file():
            return {}
        with self.table.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else {}

    def draw(self) -> None:
        """Plot the training loss and the validation errors over the number of training faces."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import StrMethodFormatter

        columns = self.columns()
        if not columns:
            return
        figure = Figure(figsize=(9, 4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(columns["faces"], columns["loss"], color="0.3")
        left.set(xlabel="training faces", ylabel="training loss", yscale="log")
        stages = [name for name in columns if name.startswith("nme_stage")]
        for name, style in zip(stages, ("--", "-", ":", "-."), strict=False):
            label = f"stage {name.removeprefix('nme_stage')}"
            right.plot(columns["faces"], columns[name], style, label=label)
        right.set(xlabel="training faces", ylabel="validation NME, %", yscale="log")
        if stages:
            right.legend()
        for axes in (left, right):
            axes.grid(alpha=0.3, which="both")
            for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                formatter(StrMethodFormatter("{x:g}"))  # instead of powers of ten
        save_figure(figure, self.picture)
