"""The files in the folder of a training run. Does not import torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from danpredict.files.outputs import check_outputs

RUN_FILES = ("model.dan", "run.json", "log.csv", "curves.png", "checkpoint.pt")


def check_run_folder(out: Path, inputs: Sequence[Path]) -> None:
    """Check that a run can write its files, before it starts; see `check_outputs`.

    Raises
    ------
    NotADirectoryError
        ``out`` is a file.
    ValueError, OSError
        A file of the run would overwrite an input, or the folder is not writable.
    """
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"expected a folder for the run, got the file {out}")
    if out.is_dir():
        check_outputs([out / name for name in RUN_FILES], inputs)
        return
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ValueError(f"expected a writable folder for {out}, got {parent}")
