"""The one place where programs turn exceptions into a line of text and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

BAD_INPUT = 2  # as argparse's own
STOPPED = 130  # as shells report Ctrl-C
# Without this, OpenCV's FFmpeg prints lines of its own about damaged videos.
QUIET_FFMPEG = ("OPENCV_FFMPEG_LOGLEVEL", "-8")
# What the documentation promises for bad input. Anything else is a mistake of this package.
EXPECTED = (OSError, ValueError, TypeError, RuntimeError, ImportError, ArithmeticError, MemoryError)


def one_line(error: BaseException) -> str:
    """An exception as one line; the type is named where it is not an expected one."""
    text = " ".join(str(error).split())
    if isinstance(error, EXPECTED) and text:
        return text
    return f"{type(error).__name__}: {text}".removesuffix(": ")


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM stop a program as Ctrl-C does, so that it saves and removes what it should."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:  # somebody asked for it
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
    """End a program with one line and exit code 2 where a package that it imports is missing."""
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
    """Run a program's work; bad input gives one line on standard error and exit code 2.

    Parameters
    ----------
    program : str
        Its name, which begins the line.
    action : callable
        The work; may return an exit code.
    debug : bool
        Print the traceback as well.
    stopped : str
        What is true of the work after Ctrl-C or SIGTERM.

    Returns
    -------
    int
        0, the action's own code, 2 after an error, or 130 after Ctrl-C.
    """
    os.environ.setdefault(*QUIET_FFMPEG)
    try:
        with _termination_as_interrupt():
            code = action()
            sys.stdout.flush()  # a full disk or a closed pipe may say so only here
            return code or 0
    except BrokenPipeError:  # the reader of a pipe, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as interrupt:
        if debug:
            traceback.print_exc()
        print(f"{program}: stopped; {str(interrupt) or stopped}", file=sys.stderr)
        return STOPPED
    except Exception as error:  # whatever it is, a user gets one line
        if debug:
            traceback.print_exc()
        hint = "" if isinstance(error, EXPECTED) else " (unexpected; --debug shows where)"
        print(f"{program}: {one_line(error)}{hint}", file=sys.stderr)
        return BAD_INPUT
