"""Align pictures in worker processes. They end with the main process, which handles Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import connection

import cv2

from danpredict.alignment.job import Job, PictureAligner
from danpredict.alignment.log import Row

QUEUED_PER_WORKER = 4  # pictures

_aligner: PictureAligner | None = None  # of this worker process


def _end_with_parent() -> None:
    """Wait until the parent process is gone, then end at once.

    Without this, the workers of a killed program would wait for work forever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _start_worker(job: Job) -> None:
    """Ignore Ctrl-C, which the parent handles for all; load the detector and the predictor."""
    global _aligner
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    _aligner = PictureAligner(job)


def _align(name: str) -> Row:
    assert _aligner is not None
    return _aligner.align(name)


def align_in_processes(job: Job, names: Sequence[str], processes: int) -> Iterator[Row]:
    """The lines of the log for N pictures, in the order in which they are finished.

    Raises
    ------
    RuntimeError
        A worker process ended early.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _start_worker, (job,))
    running: set[Future[Row]] = set()
    queue = iter(names)
    try:
        while True:
            # The queue is short and results come in any order, so a slow picture delays no other.
            free = QUEUED_PER_WORKER * processes - len(running)
            running |= {pool.submit(_align, name) for name in islice(queue, free)}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker process ended, perhaps for lack of memory. Run the same command to resume; "
            "fewer --processes need less memory"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
