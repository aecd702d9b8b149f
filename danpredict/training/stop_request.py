"""Ctrl-C during training: finish the step and save before stopping."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any

import torch
import torch.distributed as dist

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Notes the first Ctrl-C or SIGTERM. A second one stops the program at once.

    Outside the main thread, where Python cannot handle signals, it does nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        for number in SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN:  # set by nohup and by the "&" of shells
                continue
            try:
                self._before[number] = signal.signal(number, self._note)
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

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def asked_of_any(self) -> bool:
        """Whether this process or, under torch.distributed, any other one should stop.

        All processes get the same result, so that none waits for one that has stopped.
        """
        if not dist.is_initialized():
            return self.asked
        flag = torch.tensor(float(self.asked))
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag > 0)
