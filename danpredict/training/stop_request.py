"""Ctrl-C during training: finish the step, save, and only then stop."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

import torch
import torch.distributed as dist

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Remembers the first Ctrl-C or SIGTERM; a second one stops at once, as without this.

    Outside of the main thread, where Python cannot handle signals, nothing is remembered.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:  # as nohup and shells' "&" set it
                continue
            try:
                self._before[number] = signal.signal(number, self._remember)
            except ValueError:  # not the main thread
                break
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def asked_of_any(self) -> bool:
        """Whether this process or, with torch.distributed, any other one is to stop.

        All processes get the same answer, so that none waits for one that has gone.
        """
        if not dist.is_initialized():
            return self.asked
        flag = torch.tensor(float(self.asked))
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag > 0)
