"""The ``danpredict`` program: one sub-command for each module of this folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from danpredict.cli import (
    align,
    calibrate,
    convert,
    evaluate,
    export,
    info,
    pseudo_label,
    track,
    train,
)
from danpredict.error_boundary import run_program
from danpredict.version import __version__

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "pseudo-label": pseudo_label,
    "export": export,
    "convert": convert,
    "calibrate": calibrate,
    "align": align,
    "track": track,
    "info": info,
}
OLD_NAMES = {"relabel": "pseudo-label"}  # of 0.2.0, for one more release


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="danpredict", description="Facial landmarks from a Deep Alignment Network."
    )
    parser.add_argument("--version", action="version", version=f"danpredict {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.set_defaults(stopped="nothing was written")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.HELP, description=module.DESCRIPTION)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
        command.add_argument(  # also accepted after the command's name
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    for old, new in OLD_NAMES.items():
        commands.choices[old] = commands.choices[new]
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Bad input gives one line on standard error and exit code 2."""
    parsed = build_parser().parse_args(arguments)
    return run_program(
        "danpredict",
        lambda: parsed.run(parsed),
        debug=parsed.debug,
        stopped=parsed.stopped,
    )
