"""Files of this package's own programs: the log of `align`, a training run's log and its config."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from danpredict.alignment.folder import AlignTask, is_row
from danpredict.alignment.job import Job
from danpredict.batch.faces import FaceOptions
from danpredict.batch.log import Log
from danpredict.batch.run import is_current
from danpredict.training.config import CONFIGS, load_config
from danpredict.training.log import RunLog

from .harness import Rng, attempt, succeeds
from .mutations import damaged, edited_json, pick
from .shared import SMALLEST

ROWS = [
    {"key": "k", "picture": "a.jpg", "stamp": [5, 6], "faces": [{"chip": "a.jpg/0.png"}]},
    {"key": "k", "picture": "b.jpg", "error": "expected a picture"},
]
RUN = "step,faces,seconds,learning_rate,loss\n5,40,1.5,0.001,0.5\n10,80,3.1,0.0005,0.25\n"
VALUES = [
    b"0",
    b"-1",
    b"nan",
    b"inf",
    b'"x"',
    b"[]",
    b"[1, 2]",
    b"{}",
    b"true",
    b"1e999",
    b"9" * 99,
]


def align_log_case(rng: Rng, folder: Path) -> None:
    """A damaged log makes pictures be aligned again; it stops nothing."""
    rows = [edited_json(rng, row) if rng.random() < 0.6 else row for row in ROWS]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    log = folder / "align.jsonl"
    log.write_bytes(damaged(rng, data, text=True) if rng.random() < 0.5 else data)
    for name in ("a.jpg", "b.jpg"):
        (folder / name).touch()
    task = AlignTask(Job(folder, folder, "dlib", None, FaceOptions(SMALLEST, "dlib")))
    task.key = "k"
    found = Log(log, is_row)
    for name in ("a.jpg", "b.jpg"):
        is_current(task, found[name])
        task.replace(found[name], {"picture": name})
    if rng.random() < 0.2:
        found.save()
    again = Log(log, is_row)
    assert all((name in again) == (name in found) for name in ("a.jpg", "b.jpg"))


def run_log_case(rng: Rng, folder: Path) -> None:
    """A damaged log is refused; one that is kept can be read."""
    run = RunLog(folder)
    run.table.write_bytes(damaged(rng, RUN.encode(), text=True))
    if succeeds((ValueError,), run.forget_rows_after, int(rng.integers(12))):
        columns = run.columns()
        assert len({len(values) for values in columns.values()}) <= 1


def config_case(rng: Rng, folder: Path) -> None:
    """A shipped config with other values, or damaged."""
    data = (CONFIGS / f"{pick(rng, ['lean', 'slim', 'paper'])}.toml").read_bytes()
    lines = data.splitlines()
    for _ in range(int(rng.integers(1, 4))):
        number = int(rng.integers(len(lines)))
        lines[number] = lines[number].partition(b"=")[0] + b"= " + pick(rng, VALUES)
    path = folder / "config.toml"
    path.write_bytes(b"\n".join(lines) if rng.random() < 0.7 else damaged(rng, data, text=True))
    config = attempt((FileNotFoundError, ValueError), load_config, str(path))
    if config is not None:
        assert np.isfinite(config.region)
