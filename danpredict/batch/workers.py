"""Work on pictures in processes. They end with the main process, which handles Ctrl-C."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import connection

import cv2

from danpredict.batch.log import Row
from danpredict.error_boundary import one_line

QUEUED_PER_PROCESS = 4  # pictures
# Worker processes start if this process alone would need longer than this for the rest, seconds.
# A worker takes 1.3 s of processor time to start: 200 photos of 300-W in one process and in two.
PAYS = 5.0
TRIAL = 0.5  # seconds of work after which the time of the rest can be estimated

Work = Callable[[str], Row]  # from the name of a picture to its row of the log
Start = Callable[[], Work]  # loads what the work needs; can be pickled

_work: Work | None = None  # of this worker process


def or_error(work: Work) -> Work:
    """The same work, except that the row of a picture that fails has the error as ``error``.

    One picture does not stop the others.
    """

    def guarded(name: str) -> Row:
        try:
            return work(name)
        except Exception as error:  # see above
            return {"picture": name, "error": one_line(error)}

    return guarded


def _end_with_parent() -> None:
    """Wait until the parent process is gone, then end at once.

    Without this, the workers of a killed program would wait for work forever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _start_worker(start: Start) -> None:
    """Ignore Ctrl-C, which the parent handles for all; load what the work needs."""
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    _work = or_error(start())


def _do(name: str) -> Row:
    assert _work is not None
    return _work(name)


def run_in_processes(start: Start, names: Sequence[str], processes: int | None) -> Iterator[Row]:
    """Work on N pictures. The rows come in the order in which they are finished.

    Parameters
    ----------
    start : callable
        Returns the function that works on a picture. It runs in every process. It runs in this one
        too, so that a wrong option raises one error before the work starts.
    names : sequence of str
    processes : int, optional
        Number of worker processes. With 1, this process does the work. By default, this process
        begins, and one worker process for each core does the rest if that is faster.

    Raises
    ------
    RuntimeError
        A worker process ended early.
    """
    if not names:
        return iter(())
    work = or_error(start())
    cores = os.cpu_count() or 1
    if processes is None and cores > 1:
        return _begin(start, work, names, cores)
    count = min(processes or 1, len(names))
    return map(work, names) if count == 1 else _divide(start, names, count)


def _begin(start: Start, work: Work, names: Sequence[str], cores: int) -> Iterator[Row]:
    """Work in this process as long as workers would not be faster."""
    begun = time.monotonic()
    for done, name in enumerate(names, 1):
        yield work(name)
        seconds, left = time.monotonic() - begun, len(names) - done
        if seconds > TRIAL and left * seconds / done > PAYS:
            yield from _divide(start, names[done:], min(cores, left))
            return


def _divide(start: Start, names: Sequence[str], processes: int) -> Iterator[Row]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _start_worker, (start,))
    running: set[Future[Row]] = set()
    queue = iter(names)
    try:
        while True:
            # The queue is short and results come in any order, so a slow picture delays no other.
            free = QUEUED_PER_PROCESS * processes - len(running)
            running |= {pool.submit(_do, name) for name in islice(queue, free)}
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker process ended, perhaps for lack of memory. Run the same command to resume; "
            "fewer worker processes need less memory"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
