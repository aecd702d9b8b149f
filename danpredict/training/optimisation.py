"""The optimiser, the learning rate and the averaging of the weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from danpredict.training.config import ScheduleConfig

Tensors = tuple[Tensor, ...] | list[Tensor]


def exponential_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential averaging with a smaller decay at first, to forget the initial weights."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        warm = (1 + int(count)) / (10 + int(count))
        average = get_ema_multi_avg_fn(min(decay, warm))  # type: ignore[no-untyped-call]
        average(averaged, current, count)

    return update


def averaged_copy(network: nn.Module, decay: float) -> AveragedModel:
    """A copy of the network, buffers included, that averages its weights over the steps."""
    return AveragedModel(network, multi_avg_fn=exponential_average(decay), use_buffers=True)


def adamw(network: nn.Module, schedule: ScheduleConfig) -> torch.optim.AdamW:
    """AdamW; only kernels decay, biases and normalisation weights do not."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": kernels, "weight_decay": schedule.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=schedule.learning_rate,
    )


def learning_rate(schedule: ScheduleConfig, step: int, steps: int) -> float:
    """The rate at a step out of ``steps``: linear warm-up, then half a cosine down to zero."""
    warmup = max(1, round(schedule.warmup * steps))
    if step < warmup:
        return schedule.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return schedule.learning_rate * 0.5 * (1 + float(np.cos(np.pi * progress)))
