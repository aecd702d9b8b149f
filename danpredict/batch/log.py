"""The log of a run: which pictures are done, and with which result.

It is a JSON Lines file with one row for each picture. A row has ``picture``, its name; ``stamp``,
the state of its file; ``key``, a hash of the options and the model; and the result. A picture that
failed has ``error`` instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from danpredict.files.outputs import replacing_text

Row = dict[str, Any]


def picture_stamp(path: Path) -> list[int]:
    """Size in bytes and modification time in nanoseconds. A changed picture has another stamp."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


class Log:
    """The rows of a log by picture.

    They are kept as text, which takes a fraction of the memory of the parsed rows.

    Parameters
    ----------
    path : Path
        It may be missing. Lines that are incomplete or no rows are left out.
    is_row : callable
        Whether a parsed line has a valid result.
    """

    def __init__(self, path: Path, is_row: Callable[[Row], bool]) -> None:
        self.path = path
        self._lines: dict[str, str] = {}
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as stream:
                for line in stream:
                    with suppress(ValueError, RecursionError):
                        row = json.loads(line)
                        named = isinstance(row, dict) and isinstance(row.get("picture"), str)
                        if named and is_row(row):
                            self._lines[row["picture"]] = line.rstrip("\n")

    def __contains__(self, picture: str) -> bool:
        return picture in self._lines

    def __getitem__(self, picture: str) -> Row:
        """The row of a picture; empty if there is none."""
        line = self._lines.get(picture)
        row: Row = {} if line is None else json.loads(line)
        return row

    def set(self, row: Row) -> str:
        """Add or replace the row of a picture, and return its line."""
        line = json.dumps(row)
        self._lines[row["picture"]] = line
        return line

    def save(self) -> None:
        """Write all rows sorted by picture, so that interrupted runs give the same file."""
        with replacing_text(self.path) as stream:
            stream.writelines(self._lines[name] + "\n" for name in sorted(self._lines))

    @contextmanager
    def appending(self) -> Iterator[Callable[[Row], None]]:
        """Provide a function that sets a row and appends it to the file at once."""
        with self.path.open("a", encoding="utf-8") as stream:

            def append(row: Row) -> None:
                stream.write(self.set(row) + "\n")
                stream.flush()

            yield append
