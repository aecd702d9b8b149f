"""An openness report as lines of text."""

from __future__ import annotations

from typing import Any

RATIOS = {"ear": "eyes (EAR)", "mar": "mouths (MAR)"}


def _number(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:.{digits}f}"


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"


def openness_lines(row: dict[str, Any]) -> list[str]:
    """The lines of a report of `danpredict.evaluation.openness_report.openness_report`.

    Brackets contain 95 % intervals. "unknown" means that there are too few such faces.
    """
    lines = []
    for name, feature in RATIOS.items():
        ratio = row[name]
        lines.append(
            f"{feature:<12} slope {_number(ratio['slope'], 2)}{_range(ratio['slope_interval'])}, "
            f"correlation {_number(ratio['correlation'], 2)}, error {_number(ratio['error'], 3)}"
        )
    shut = row["shut_eyes"]
    lines.append(
        f"shut eyes    {_number(shut['found'], 0)} % of {shut['faces']} found, "
        f"{_number(shut['false'], 1)} % of the other faces predicted as shut"
    )
    lines += [
        f"{name:<12} {group['faces']:>4} faces, NME {group['nme']:.2f}"
        f"{_range(group['interval'])}, above 8 %: {group['failures']:.1f} %"
        for name, group in row["groups"].items()
    ]
    return lines
