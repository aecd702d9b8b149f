"""The ``danpredict`` program: one command for each module of this folder."""

# PYTHON_ARGCOMPLETE_OK: argcomplete's global activation searches for this word

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
    predict,
    pseudo_label,
    track,
    train,
)
from danpredict.cli.completion import complete_if_asked
from danpredict.error_boundary import run_program
from danpredict.version import __version__

COMMANDS = {
    "predict": predict,
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
OLD_NAMES = {"relabel": "pseudo-label"}  # names in 0.2.0; they still work but are not shown


def build_parser() -> argparse.ArgumentParser:
    """The parser of the program with all commands."""
    parser = argparse.ArgumentParser(
        prog="danpredict", description="Find facial landmarks with a Deep Alignment Network."
    )
    parser.add_argument("--version", action="version", version=f"danpredict {__version__}")
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")
    parser.set_defaults(stopped="nothing was written")  # after Ctrl-C; some commands differ
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            epilog=f"example: {module.EXAMPLE}",
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
        command.add_argument(  # also after the name of the command
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    for old, new in OLD_NAMES.items():
        commands.choices[old] = commands.choices[new]
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; see `danpredict.error_boundary.run_program`."""
    parser = build_parser()
    complete_if_asked(parser, hidden=OLD_NAMES)
    parsed = parser.parse_args(arguments)
    return run_program(
        "danpredict",
        lambda: parsed.run(parsed),
        debug=parsed.debug,
        stopped=parsed.stopped,
    )
