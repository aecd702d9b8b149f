"""Fresh virtual environments, for tests of what users install; also the Pythons of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .conftest import ROOT


def copied_source(folder: Path) -> Path:
    """A copy of the checkout in ``folder``, because building leaves files behind."""
    source = folder / "source"
    unwanted = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "runs")
    shutil.copytree(ROOT, source, ignore=unwanted)
    return source


def run(*words: object, folder: Path, code: int | None = 0) -> str:
    """Run a program outside the checkout and return what it printed.

    ``code`` is the expected exit code; None accepts any code but 0.
    """
    unset = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    result = subprocess.run(
        list(map(str, words)), cwd=folder, capture_output=True, text=True, env=environment
    )
    assert (result.returncode == code) if code is not None else result.returncode, (
        f"{words}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
    )
    return result.stdout + result.stderr


class Environment:
    """A virtual environment.

    Attributes
    ----------
    python : Path
        Its interpreter.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.folder = folder
        run(python, "-m", "venv", folder / "venv", folder=folder)
        self.python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    def pip(self, *words: object, code: int | None = 0) -> str:
        """Run pip in this environment."""
        pip = (self.python, "-m", "pip", "--disable-pip-version-check")
        return run(*pip, *words, folder=self.folder, code=code)

    def run(self, *words: object, folder: Path | None = None) -> str:
        """Run this environment's Python."""
        return run(self.python, *words, folder=folder or self.folder)


def find_python(minor: int) -> Path | None:
    """An interpreter of Python 3.``minor``: on the path, or one of pyenv's."""
    name = f"python3.{minor}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(name)
    candidates = [] if on_path is None else [Path(on_path)]
    for candidate in [*candidates, *pyenv.glob(f"3.{minor}.*/bin/{name}")]:
        # pyenv's shims lie on the path and fail for versions that are not chosen.
        if subprocess.run([candidate, "--version"], capture_output=True).returncode == 0:
            return candidate
    return None
