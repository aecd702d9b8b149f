"""The notebooks: each runs from a clean state, and stores the small outputs of such a run."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from .run_notebooks import NOTEBOOKS, run_notebook

MAX_FILE, MAX_PICTURE, MAX_PICTURES = 250_000, 60_000, 2  # bytes, bytes, pictures of a notebook

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def stored(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return notebook


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def pictures(notebook: dict[str, Any]) -> Iterator[bytes]:
    for cell in code_cells(notebook):
        for output in cell["outputs"]:
            for kind, content in output.get("data", {}).items():
                if kind in ("image/png", "image/jpeg"):
                    yield base64.b64decode("".join(content))


def kinds(cell: dict[str, Any]) -> list[tuple[str, ...]]:
    """What a cell shows: names of streams and MIME types. A slow cell repeats a stream's name."""
    shown = [
        (output["output_type"], output.get("name", ""), *sorted(output.get("data", {})))
        for output in cell["outputs"]
    ]
    return [kind for kind, _ in groupby(shown)]


def test_the_notebooks_are_there() -> None:
    assert {path.stem for path in NOTEBOOKS} == {
        "first_steps",
        "from_dlib_in_five_minutes",
        "video_pose_and_blinks",
    }


@each_notebook
def test_stored_outputs(path: Path) -> None:
    notebook = stored(path)
    cells = code_cells(notebook)
    # In order and without gaps: the outputs come from one run.
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for kind, name, *_ in kinds(cell):
            assert kind != "error", cell["outputs"]
            assert name != "stderr", cell["outputs"]
    assert path.stat().st_size <= MAX_FILE
    found = list(pictures(notebook))
    assert 1 <= len(found) <= MAX_PICTURES
    assert max(map(len, found)) <= MAX_PICTURE


@each_notebook
def test_a_run_shows_what_is_stored(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same cells show the same kinds of outputs. Numbers may change with the model."""
    for package in ("nbclient", "ipykernel"):
        if find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed: the extra test")
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))  # nothing from or into the home
    notebook = run_notebook(path, tmp_path)
    assert [*map(kinds, code_cells(notebook))] == [*map(kinds, code_cells(stored(path)))]
