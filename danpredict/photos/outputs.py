"""The outputs of ``danpredict predict``, and checks of their paths."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from danpredict.batch.find import DRAW_LOG
from danpredict.files.outputs import check_outputs
from danpredict.photos.find import Photos


class Outputs(NamedTuple):
    """What to write; None for what is not wanted.

    Attributes
    ----------
    csv, json : Path or None
        Files.
    draw : Path or None
        Folder.
    """

    csv: Path | None
    json: Path | None
    draw: Path | None

    @property
    def log(self) -> Path | None:
        """The log of the run: in the folder, or beside the first file; None without outputs."""
        if self.draw is not None:
            return self.draw / DRAW_LOG
        file = self.json or self.csv
        return None if file is None else file.with_name(f"{file.name}.log")


def _check_log(path: Path) -> None:
    """Raise ValueError if the place of the log is taken by a file of something else."""
    if path.is_file():
        with path.open("rb") as stream:
            if stream.read(1) not in (b"", b"{"):
                raise ValueError(
                    f"expected the log of an earlier run in {path}, got another file: rename it"
                )


def check_photo_outputs(outputs: Outputs, photos: Photos, inputs: Iterable[Path]) -> None:
    """Check all output paths before any work is done; see `check_outputs`.

    Parameters
    ----------
    inputs : iterable of Path
        Files other than the photos that are read.
    """
    log = outputs.log
    files = [path for path in (outputs.csv, outputs.json) if path is not None]
    if log is None:
        return
    if outputs.draw is None:
        files.append(log)
    else:
        outputs.draw.mkdir(parents=True, exist_ok=True)  # the files may lie in it
    check_outputs(files, [*photos.files.values(), *inputs])
    _check_log(log)
