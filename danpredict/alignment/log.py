"""The log of an aligned folder: which pictures are done, and whether their chips are up to date.

``align.jsonl`` has one line for each picture. A line is valid as long as the picture, the options
and the model are unchanged and all its chips exist.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from danpredict.files.outputs import write_text

LOG = "align.jsonl"
Row = dict[str, Any]  # a line of the log


def picture_stamp(path: Path) -> list[int]:
    """Size in bytes and modification time in nanoseconds. A changed picture has another stamp."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("picture"), str)
        and isinstance(faces := row.get("faces", []), list)
        and all(isinstance(face, dict) and isinstance(face.get("chip"), str) for face in faces)
    )


def read_log(log: Path) -> dict[str, Row]:
    """The lines of the log by picture, without incomplete lines; empty if there is no log."""
    rows: dict[str, Row] = {}
    if log.is_file():
        for line in log.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError, RecursionError):
                row = json.loads(line)
                if _is_row(row):
                    rows[row["picture"]] = row
    return rows


def write_log(log: Path, rows: dict[str, Row]) -> None:
    """Write the lines sorted by picture, so that interrupted runs give the same file."""
    write_text(log, "".join(json.dumps(rows[name]) + "\n" for name in sorted(rows)))


def is_done(row: Row, key: str, folder: Path, out: Path) -> bool:
    """Whether a line of the log is valid for this picture, these options and this model."""
    try:
        return (
            row["key"] == key
            and row["stamp"] == picture_stamp(folder / row["picture"])
            and all((out / face["chip"]).is_file() for face in row["faces"])
        )
    except (KeyError, TypeError):  # a picture that failed, or a line of an older version
        return False


def remove_stale(old: Row | None, new: Row, out: Path) -> None:
    """Remove chips of a picture that its old log line lists and its new log line does not."""
    if old is None or "faces" not in new:
        return
    kept = {face["chip"] for face in new["faces"]}
    for face in old.get("faces", ()):
        chip = (out / face["chip"]).resolve()
        if face["chip"] not in kept and chip.is_relative_to(out.resolve()):
            chip.unlink(missing_ok=True)
