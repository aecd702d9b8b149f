"""Run inputs of one area by hand, such as one that failed: ``python -m tests.fuzz AREA ...``."""

from __future__ import annotations

import argparse
import faulthandler
import sys
import tempfile
from pathlib import Path

from .areas import AREAS
from .harness import run_case, summary

STUCK = 180  # seconds; only a call into C that never returns takes so long


def main() -> int:
    """Exit code 1 after failures."""
    parser = argparse.ArgumentParser(prog="python -W error -m tests.fuzz")
    parser.add_argument("area", choices=sorted(AREAS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    asked = parser.parse_args()
    faulthandler.enable()  # a crash shows where
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.first, asked.first + asked.count):
            print(f"input {number}", file=sys.stderr, flush=True)
            faulthandler.dump_traceback_later(STUCK, exit=True)
            failures.append(run_case(AREAS[asked.area], asked.seed, number, Path(folder)))
    wrong = [failure for failure in failures if failure is not None]
    print(summary(wrong, asked.count))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
