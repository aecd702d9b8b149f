"""Turns exceptions of a command-line program into one line of text and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

BAD_INPUT = 2  # exit code, as argparse uses
STOPPED = 130  # exit code of Ctrl-C in shells
# Without this, FFmpeg inside OpenCV prints its own messages about damaged videos.
QUIET_FFMPEG = ("OPENCV_FFMPEG_LOGLEVEL", "-8")
# Documented exceptions for bad input. Any other exception is a bug in this package.
EXPECTED = (OSError, ValueError, TypeError, RuntimeError, ImportError, ArithmeticError, MemoryError)


def one_line(error: BaseException) -> str:
    """An exception as one line of text, with its type if it is not one of `EXPECTED`."""
    text = " ".join(str(error).split())
    if isinstance(error, EXPECTED) and text:
        return text
    return f"{type(error).__name__}: {text}".removesuffix(": ")


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM, so that a program cleans up as after Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if (
        signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    ):  # ignored on purpose, for example by nohup
        yield
        return
    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def needed_by(program: str, install: str) -> Iterator[None]:
    """End a program with one line and exit code 2 if an import inside the block fails.

    Parameters
    ----------
    program : str
        Name of the program, printed first.
    install : str
        How to install the package, printed last.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        print(f"{program}: needs {error.name}: {install}", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from error


def run_program(
    program: str,
    action: Callable[[], int | None],
    *,
    debug: bool = False,
    stopped: str = "nothing was written",
) -> int:
    """Run a program. An exception becomes one line on standard error and exit code 2.

    Parameters
    ----------
    program : str
        Name of the program, printed first.
    action : callable
        What the program does; may return an exit code.
    debug : bool
        Print the traceback too.
    stopped : str
        What to print after Ctrl-C or SIGTERM about the state of the output.

    Returns
    -------
    int
        0, the exit code of the action, 2 after an error, or 130 after Ctrl-C.
    """
    os.environ.setdefault(*QUIET_FFMPEG)
    try:
        with _termination_as_interrupt():
            code = action()
            sys.stdout.flush()  # errors of a full disk or a closed pipe may occur only here
            return code or 0
    except BrokenPipeError:  # the reader of a pipe, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as interrupt:
        if debug:
            traceback.print_exc()
        print(f"{program}: stopped; {str(interrupt) or stopped}", file=sys.stderr)
        return STOPPED
    except Exception as error:  # users get one line for any exception
        if debug:
            traceback.print_exc()
        hint = "" if isinstance(error, EXPECTED) else " (unexpected; --debug shows where)"
        print(f"{program}: {one_line(error)}{hint}", file=sys.stderr)
        return BAD_INPUT
