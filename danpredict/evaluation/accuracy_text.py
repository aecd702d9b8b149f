"""An accuracy report as lines of text."""

from __future__ import annotations

from typing import Any

from danpredict.evaluation.openness_text import openness_lines

NORMALISERS = ("inter-ocular", "half-diagonal", "inter-pupil", "box-diagonal")


def jaw_lines(row: dict[str, Any]) -> list[str]:
    """The line about the error without the jaw; none if a report lacks it."""
    if "without_jaw" not in row:
        return []
    inner = row["without_jaw"]
    return [f"without the jaw: NME {inner['nme']:.2f}, above 8 % {inner['failures']:.1f}"]


def accuracy_lines(row: dict[str, Any]) -> list[str]:
    """The lines of a report of `danpredict.evaluation.accuracy_report.accuracy_report`."""
    lines = [f"{'error in % of':<14} {'NME':>6} {'median':>7} {'> 8 %':>6} {'AUC@8 %':>8}"]
    for name in filter(row.__contains__, NORMALISERS):
        summary = row[name]
        figures = f"{summary['nme']:6.2f} {summary['median']:7.2f}"
        if name == row["measure"]:  # the limit of 8 % is defined for this normaliser only
            figures += f" {summary['failures']:6.1f} {summary['auc']:8.1f}"
        lines.append(f"{name:<14} {figures}")
    lines += jaw_lines(row)
    if "stages" in row:
        stages = (f"{stage['nme']:.2f}" for stage in row["stages"])
        lines.append(f"NME after each stage: {'  '.join(stages)}")
    if row["regions"]:
        regions = (f"{part} {error:.2f}" for part, error in row["regions"].items())
        lines.append(f"NME by part: {'  '.join(regions)}")
    if "openness" in row:
        lines += openness_lines(row["openness"])
    return lines + _uncertainty_lines(row["uncertainty"])


def _uncertainty_lines(report: dict[str, Any]) -> list[str]:
    if not report:
        return []
    parts = {"lids_of_shut_eyes": "lids of shut eyes", "lips_of_wide_mouths": "lips of wide mouths"}
    openness = "".join(
        f"; {text} {report[name]:.2f} x" for name, text in parts.items() if name in report
    )
    bins = (f"{b['confidence']:.2f}/{b['good']:.2f}" for b in report["reliability"])
    return [
        f"confidence: ROC AUC {report.get('roc_auc', float('nan')):.3f}; {report['good']} of "
        f"{report['cases']} boxes have good landmarks",
        f"mean confidence/share of good landmarks, by bin: {'  '.join(bins)}",
        f"sigma: rank correlation with the error {report['sigma_rank_correlation']:.2f}, "
        f"mean {report['sigma_over_error']:.2f} x the mean error{openness}",
    ]
