"""Start a command, kill it at random moments, and compare what it leaves behind.

A round starts a command in a new folder, kills it a few times, each time at another moment, and
then runs it to its end. After every kill each file under its final name is a whole one: the old one
or the one that an uninterrupted run writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ENDS_WITHIN = 30.0  # seconds that orphaned workers have to end in


Files = dict[str, str]  # what lies under final names, each entry as a digest


@dataclass(frozen=True)
class Work:
    """A command, and how its result is read.

    Attributes
    ----------
    command : callable
        From the folder of the results to the command line.
    read : callable
        The results in a folder, by name; raises for a file that is not whole.
    old : bytes or None
        What ``out.json`` holds before.
    """

    command: Callable[[Path], list[str]]
    read: Callable[[Path], Files]
    old: bytes | None = None


@dataclass
class Kills:
    """How many kills there were, and how many of them came when the command wrote already."""

    seconds: float
    kills: int = 0
    working: int = 0


def digest(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(data).hexdigest()


def start(command: list[str]) -> subprocess.Popen[bytes]:
    """In a process group of its own."""
    return subprocess.Popen(
        command, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def living(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, member = path.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            if int(member) == group and state not in "ZX":
                found.append(int(path.parent.name))
    return found


def wait_for_orphans(group: int) -> None:
    deadline = time.monotonic() + ENDS_WITHIN
    while left := living(group):
        assert time.monotonic() < deadline, f"processes {left} outlive the killed one"
        time.sleep(0.05)


def everything(folder: Path) -> set[tuple[str, int, int]]:
    """All files of a folder, temporary ones too, and when they changed."""
    states = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {(str(path), state.st_size, state.st_mtime_ns) for path, state in states}


def new_folder(work: Work, place: Path) -> Path:
    folder = place / "run"
    folder.mkdir(parents=True)
    if work.old is not None:
        (folder / "out.json").write_bytes(work.old)
    return folder


def finish(work: Work, folder: Path) -> None:
    process = start(work.command(folder))
    assert process.wait(300) == 0


def kill(work: Work, folder: Path, after: float, kills: Kills, *, writing: bool) -> None:
    """Start the command and kill it, and it alone, so many seconds after start or first file."""
    before = everything(folder)
    process = start(work.command(folder))
    while writing and process.poll() is None and everything(folder) == before:
        time.sleep(0.005)
    with suppress(subprocess.TimeoutExpired):
        process.wait(after)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for_orphans(process.pid)
    kills.kills += 1
    kills.working += alive and everything(folder) != before


def measure(work: Work, folder: Path) -> tuple[float, float]:
    """Seconds of an uninterrupted run until its first file appears, and until its end."""
    before, begun = everything(folder), time.monotonic()
    process = start(work.command(folder))
    while process.poll() is None and everything(folder) == before:
        time.sleep(0.01)
    writing = time.monotonic() - begun
    assert process.wait(300) == 0
    return writing, time.monotonic() - begun


def study(work: Work, place: Path, rounds: int, each: int) -> Kills:
    """Kill a command ``rounds * each`` times; every round ends with a run to the end."""
    whole = new_folder(work, place / "whole")
    writing, end = measure(work, whole)
    kills = Kills(end)
    wanted = work.read(whole)
    assert wanted
    rng = random.Random(7)
    # A third of the moments before the first file appears, the others spread over the rest.
    count = rounds * each
    early = count // 3
    moments = [(writing * (i + rng.random()) / early, False) for i in range(early)]
    late = count - early
    moments += [((end - writing) * (i + rng.random()) / late, True) for i in range(late)]
    rng.shuffle(moments)
    for number in range(rounds):
        folder = new_folder(work, place / f"round{number}")
        whole_files = wanted.items() | work.read(folder).items()
        for after, late_enough in moments[number * each : (number + 1) * each]:
            kill(work, folder, after, kills, writing=late_enough)
            assert work.read(folder).items() <= whole_files, f"killed after {after:.2f} s"
        finish(work, folder)
        assert work.read(folder) == wanted
    return kills
