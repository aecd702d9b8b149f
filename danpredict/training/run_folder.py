"""The folder of a training run: which files it gets. Does not import torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from danpredict.files.outputs import check_outputs

RUN_FILES = ("model.dan", "run.json", "log.csv", "curves.png", "checkpoint.pt")


def check_run_folder(out: Path, inputs: Sequence[Path]) -> None:
    """Check, before any work, that a run can write its files; see `check_outputs`.

    Raises
    ------
    NotADirectoryError
        ``out`` is a file.
    ValueError, OSError
        A file of the run would overwrite an input, or the folder cannot be written to.
    """
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"expected a folder for the run, got the file {out}")
    if out.is_dir():
        check_outputs([out / name for name in RUN_FILES], inputs)
        return
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ValueError(f"expected a folder that can be written to for {out}, got {parent}")
