"""Shell completion with the package argcomplete: commands, options, files, and names.

The shell runs the program with the environment variable ``_ARGCOMPLETE`` when the user presses the
tab key. argcomplete takes commands and options from the parser.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from danpredict.extras import needs_extra

# danpredict.training.config has this folder too, but imports torch, which takes seconds.
CONFIGS = Path(__file__).parents[1] / "training" / "configs"


def _configs() -> list[str]:
    return sorted(file.stem for file in CONFIGS.glob("*.toml"))


def _names() -> dict[str, Callable[[], list[str]]]:
    """The names that an argument can take besides a file, by the argument's ``dest``."""
    from danpredict.alignment.templates import templates
    from danpredict.detectors.load import detectors
    from danpredict.landmarks.convention import conventions
    from danpredict.model.zoo import model_names

    return {
        "config": _configs,
        "convention": conventions,
        "detector": detectors,
        "initial_weights": model_names,
        "model": model_names,
        "openness": model_names,
        "source": conventions,
        "teacher": model_names,
        "template": templates,
        "to": conventions,
    }


ONLY_NAMES = {"convention", "detector", "source", "template", "to"}  # these arguments take no files


def complete_if_asked(parser: argparse.ArgumentParser, hidden: Iterable[str]) -> None:
    """Print completions and end the process if a shell asks for them; else do nothing.

    Parameters
    ----------
    parser : ArgumentParser
    hidden : iterable of str
        Names that work but are not offered.

    Raises
    ------
    ImportError
        argcomplete is not installed.
    """
    if "_ARGCOMPLETE" not in os.environ:
        return
    with needs_extra("shell completion", "completion"):
        from argcomplete import autocomplete
        from argcomplete.completers import FilesCompleter

    names, files = _names(), FilesCompleter()

    def values(prefix: str, action: argparse.Action, **_: object) -> list[str]:
        """The values of an argument that start with ``prefix``."""
        found = [name for name in names.get(action.dest, list)() if name.startswith(prefix)]
        return found if action.dest in ONLY_NAMES else [*found, *files(prefix)]

    completer: Any = values
    autocomplete(parser, exclude=list(hidden), default_completer=completer)
