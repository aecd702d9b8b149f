"""Work on pictures is divided among processes only where that pays."""

from __future__ import annotations

import os
import time
from collections import Counter
from functools import partial

import pytest

from danpredict.batch import workers
from danpredict.batch.log import Row
from danpredict.batch.workers import Work, run_in_processes

NAMES = [f"{i}.jpg" for i in range(12)]


def _work(seconds: float, name: str) -> Row:
    time.sleep(seconds)
    return {"picture": name, "process": os.getpid()}


def start(seconds: float = 0.0) -> Work:
    return partial(_work, seconds)


def processes_of(rows: list[Row]) -> Counter[int]:
    """How many pictures each process did; every picture is done once."""
    assert sorted(row["picture"] for row in rows) == sorted(NAMES)
    return Counter(row["process"] for row in rows)


@pytest.mark.parametrize("processes", [None, 1])
def test_short_work_stays_in_this_process(processes: int | None) -> None:
    rows = list(run_in_processes(start, NAMES, processes))
    assert [row["picture"] for row in rows] == NAMES
    assert processes_of(rows) == {os.getpid(): len(NAMES)}
    assert list(run_in_processes(start, [], processes)) == []


def test_a_number_of_processes_is_respected() -> None:
    done = processes_of(list(run_in_processes(partial(start, 0.1), NAMES, 2)))
    assert os.getpid() not in done
    assert 1 <= len(done) <= 2


def test_long_work_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PAYS", 0.3)
    monkeypatch.setattr(workers, "TRIAL", 0.02)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    done = processes_of(list(run_in_processes(partial(start, 0.05), NAMES, None)))
    assert done[os.getpid()] == 1
    assert 2 <= len(done) <= 3


def test_a_wrong_option_is_an_error_before_the_work() -> None:
    def fail() -> Work:
        raise ValueError("expected an option")

    with pytest.raises(ValueError, match="expected an option"):
        run_in_processes(fail, NAMES, 2)
