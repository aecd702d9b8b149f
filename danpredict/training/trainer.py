"""The training loop: all stages together, with a loss on each. A run can be resumed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from danpredict.landmarks.convention import Convention
from danpredict.landmarks.openness import require_openness
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork, StageResult
from danpredict.training.checkpoint import load_checkpoint, save_checkpoint
from danpredict.training.config import TrainingConfig
from danpredict.training.initial_weights import initialise_from
from danpredict.training.log import RunLog
from danpredict.training.losses import Target, weighted_loss
from danpredict.training.optimisation import adamw, averaged_copy, learning_rate
from danpredict.training.sampler import Sampler
from danpredict.training.stop_request import StopRequest
from danpredict.training.tiles import FaceTiles
from danpredict.training.validation import Validation

CHECKPOINT_SECONDS = 180
STATISTICS_FACES = 256  # to measure the statistics of a model with initial weights
VALIDATIONS = 40  # per run
FEWEST_CHANNELS = 16  # with 8, torch 2.13 corrupts memory (float32, channels last)


class Trainer:
    """One run in one folder, which gets ``checkpoint.pt`` and ``log.csv``.

    All random numbers of a step follow from the seed and the step's number, so a resumed run gives
    the same weights as an uninterrupted one. Under torch.distributed every process takes a part of
    each batch, gradients are averaged, and the first process logs and saves.
    """

    def __init__(
        self,
        config: TrainingConfig,
        convention: Convention,
        mean_shape: np.ndarray,
        sampler: Sampler,
        validation: FaceTiles,
        folder: Path,
        seed: int,
        identity: dict[str, Any],
        initial_model: Model | None = None,
    ) -> None:
        """Prepare step 0, with random weights or with those of ``initial_model``.

        ``identity`` is what must not change when a run resumes: config, seed and data.
        """
        self.config, self.seed, self.identity = config, seed, identity
        self.sampler, self.validation = sampler, Validation(validation, convention)
        self.folder, self.log = folder, RunLog(folder)
        schedule = config.schedule
        self.rank, self.processes = 0, 1
        if dist.is_initialized():
            self.rank, self.processes = dist.get_rank(), dist.get_world_size()
        if schedule.batch % self.processes:
            raise ValueError(
                f"expected a number of processes that divides the batch of {schedule.batch}, "
                f"got {self.processes}"
            )
        # Without instructions for bfloat16 the processor emulates it, several times slower.
        self.bfloat16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self.places = range(self.rank, schedule.batch, self.processes)
        self.steps = max(1, schedule.faces // schedule.batch)
        self.step = 0
        self.seconds = 0.0
        self.losses: list[float] = []  # since the last row of the log
        torch.manual_seed(seed)
        if config.loss.openness:
            require_openness(convention)
        self.network = self.build(torch.as_tensor(mean_shape, dtype=torch.float32))
        if initial_model is not None:
            images, transform, _ = sampler.batch(0, range(STATISTICS_FACES))
            assert isinstance(self.network, DeepAlignmentNetwork)
            initialise_from(self.network, initial_model, images, transform)
        if self.bfloat16 or min(config.network.widths) >= FEWEST_CHANNELS:
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = averaged_copy(self.network, schedule.averaging)
        self.parallel: torch.nn.Module = self.network
        if self.processes > 1:
            self.parallel = DistributedDataParallel(self.network)
        self.optimiser = adamw(self.network, schedule)

    def build(self, mean_shape: Tensor) -> torch.nn.Module:
        """The network before training; ``mean_shape`` is (L, 2) in canonical pixels."""
        return DeepAlignmentNetwork(self.config.network, mean_shape)

    @property
    def checkpoint(self) -> Path:
        """The file with the run's state."""
        return self.folder / "checkpoint.pt"

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "losses": self.losses,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        save_checkpoint(self.checkpoint, self.identity, state)

    def resume(self) -> None:
        """Continue from the folder's checkpoint, if there is one.

        Raises
        ------
        ValueError
            See `danpredict.training.checkpoint.load_checkpoint`.
        """
        state = load_checkpoint(self.checkpoint, self.identity)
        if state is not None:
            self.step, self.seconds, self.losses = state["step"], state["seconds"], state["losses"]
            self.network.load_state_dict(state["network"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimiser.load_state_dict(state["optimiser"])
        if self.rank == 0:
            self.log.forget_rows_after(self.step)

    def learning_rate(self) -> float:
        """The learning rate of the current step."""
        return learning_rate(self.config.schedule, self.step, self.steps)

    def loss(self, results: list[StageResult], target: Target) -> Tensor:
        """The weighted sum of all losses."""
        return weighted_loss(results, target, self.config.network, self.config.loss)

    def train_step(self) -> float:
        """Train on one batch; returns the loss."""
        self.network.train()
        # This seeds dropout. The seed depends on the step and the process, so a resumed run drops
        # the same units as an uninterrupted run, and each process drops different units.
        torch.manual_seed((self.seed * 1_000_003 + self.step) * self.processes + self.rank)
        rate = self.learning_rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, transforms, target = self.sampler.batch(self.step, self.places)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            results = self.parallel(images, transforms)
        loss = self.loss(results, target)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"expected a finite loss, got {loss.item()} at step {self.step}. "
                "Use a smaller learning_rate."
            )
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.averaged.update_parameters(self.network)
        self.step += 1
        return loss.item()

    def validate(self) -> list[np.ndarray]:
        """Errors (N,) of the averaged weights on the validation faces, one array per stage.

        They are divided by the normaliser; see `danpredict.landmarks.normalisation.face_scale`.
        """
        return self.validation.errors(self.validation.predict(self.averaged))

    def run(self, *, progress: bool = True) -> None:
        """Train to the end of the schedule, with a log and checkpoints.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C or SIGTERM, once the step is done and the checkpoint written.
        """
        every = max(1, self.steps // VALIDATIONS)
        started, saved = time.monotonic() - self.seconds, time.monotonic()
        batch, first = self.config.schedule.batch, self.rank == 0
        total, done = self.steps * batch, self.step * batch
        with (
            StopRequest() as stop,
            tqdm(total=total, initial=done, unit="face", disable=not (first and progress)) as bar,
        ):
            while self.step < self.steps and not stop.asked_of_any():
                self.losses.append(self.train_step())
                self.seconds = time.monotonic() - started
                bar.update(batch)
                bar.set_description(f"loss {np.mean(self.losses):.4f}", refresh=False)
                if self.step % every == 0 or self.step == self.steps:
                    if first:
                        self.log.add(self._row(float(np.mean(self.losses))))
                    self.losses.clear()
                if first and time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save_all()
                    saved = time.monotonic()
        if first:
            self._save_all()
        if self.step < self.steps:
            raise KeyboardInterrupt(
                f"checkpoint saved after {self.step * batch} of {total} faces; the same command "
                "resumes from it"
            )

    def _save_all(self) -> None:
        self.save()
        self.log.draw()

    def _row(self, loss: float) -> dict[str, float]:
        return {
            "step": self.step,
            "faces": self.step * self.config.schedule.batch,
            "seconds": self.seconds,
            "learning_rate": self.learning_rate(),
            "loss": loss,
            **self.validation.scores(self.averaged),
        }
