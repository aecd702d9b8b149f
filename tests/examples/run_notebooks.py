"""Run the notebooks, each from a clean state.

    python -m tests.examples.run_notebooks

runs all of them and stores the new outputs: after a change of a notebook or of the shipped models.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ..conftest import ROOT

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
MAX_SECONDS = 300  # for one cell, on a slow machine


def run_notebook(path: Path, folder: Path) -> Any:
    """The notebook after a run in ``folder``. The file is not changed."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call, unused-ignore]
    resources = {"metadata": {"path": str(folder)}}
    # Without the times of the cells, which would differ in each run.
    client = NotebookClient(notebook, timeout=MAX_SECONDS, record_timing=False, resources=resources)
    return client.execute()


def main() -> None:
    """Store the outputs of a new run in every notebook."""
    import nbformat

    for path in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as folder:
            notebook = run_notebook(path, Path(folder))
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call, unused-ignore]
        print(f"wrote {path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
