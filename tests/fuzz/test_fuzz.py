"""Odd inputs of all kinds: no crash, no hang, no undocumented exception, no landmark that is none.

2,000 inputs in the ordinary suite; with ``-m slow`` 20,000 others, in programs of their own, so
that a crash of one shows as its exit code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .areas import AREAS
from .harness import run_area, summary

ROOT = Path(__file__).parents[2]
INPUTS = 2000


def test_the_shares_are_of_2000() -> None:
    assert sum(area.share for area in AREAS.values()) == INPUTS


@pytest.mark.parametrize("name", AREAS)
def test_odd_inputs(name: str, tmp_path: Path) -> None:
    area = AREAS[name]
    failures = run_area(area, 1, range(area.share), tmp_path)
    assert not failures, summary(failures, area.share)


@pytest.mark.slow
@pytest.mark.parametrize("name", AREAS)
def test_ten_times_as_many_odd_inputs(name: str) -> None:
    count = 10 * AREAS[name].share
    command = [sys.executable, "-W", "error", "-m", "tests.fuzz", name, "--seed", "2"]
    done = subprocess.run(
        [*command, "--count", str(count)], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    # A crash or a call that never returns leaves the input's number at the end of the errors.
    assert done.returncode == 0, f"{done.returncode}: {done.stdout}\n{done.stderr[-3000:]}"
    assert f"0 of {count} inputs failed" in done.stdout
