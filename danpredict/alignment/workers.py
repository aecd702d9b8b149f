"""What every worker process of a pool does first: end with its parent, and leave Ctrl-C to it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection


def _end_with_parent() -> None:
    """Wait for the parent process and end at once when it is gone.

    Without this, the workers of a killed program would wait for work forever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def start_worker() -> None:
    """Ignore Ctrl-C, which the parent answers for all, and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
