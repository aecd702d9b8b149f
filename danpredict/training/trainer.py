"""The training loop: end to end, a loss on every stage, resumable at any checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from danpredict.evaluation.metrics import normalised_errors, summarise
from danpredict.files.outputs import replacing
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.openness import has_openness, openness_scores, require_openness
from danpredict.model.file import Model
from danpredict.model.network import DeepAlignmentNetwork, StageResult
from danpredict.training.config import TrainingConfig
from danpredict.training.log import RunLog
from danpredict.training.losses import (
    Target,
    heatmap_loss,
    landmark_loss,
    openness_loss,
    uncertainty_loss,
)
from danpredict.training.sampler import Sampler
from danpredict.training.stop_request import StopRequest
from danpredict.training.tiles import FaceTiles
from danpredict.training.warm_start import warm_start

CHECKPOINT_SECONDS = 180
WARM_START_FACES = 256
VALIDATIONS = 40  # in a whole run
FEWEST_CHANNELS = 16  # torch 2.13 corrupts memory with 8, in float32 with channels last

Tensors = tuple[Tensor, ...] | list[Tensor]


def exponential_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential averaging that forgets the random start: early on the decay is smaller."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        warm = (1 + int(count)) / (10 + int(count))
        average = get_ema_multi_avg_fn(min(decay, warm))  # type: ignore[no-untyped-call]
        average(averaged, current, count)

    return update


def differences(
    first: dict[str, Any], second: dict[str, Any], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Where two nested dictionaries differ: the path, and the value in either."""
    for key in first | second:
        a, b = first.get(key), second.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            yield from differences(a, b, f"{path}{key}.")
        elif a != b:
            yield f"{path}{key}", a, b


class Trainer:
    """One run in one folder: ``checkpoint.pt`` and ``log.csv``.

    Everything random at a step comes from the seed and the step's number alone, so that a resumed
    run goes on exactly as the uninterrupted one. Where torch.distributed is set up, every process
    takes its part of each batch, gradients are averaged, and the first one logs and saves.
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
        """Set up at step 0, from chance or from the weights of ``initial_model``.

        ``identity`` is what must not change when a run is resumed: config, seed, data.
        """
        self.config, self.convention, self.seed = config, convention, seed
        self.identity = identity
        self.sampler = sampler
        self.validation, self.folder = validation, folder
        self.log = RunLog(folder)
        schedule = config.schedule
        self.rank, self.processes = 0, 1
        if dist.is_initialized():
            self.rank, self.processes = dist.get_rank(), dist.get_world_size()
        if schedule.batch % self.processes:
            raise ValueError(
                f"expected a batch of {schedule.batch} to be shared evenly, "
                f"got {self.processes} processes"
            )
        # Without the instructions for it, bfloat16 is emulated and several times slower.
        self.bfloat16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self.places = range(self.rank, schedule.batch, self.processes)
        self.steps = max(1, schedule.faces // schedule.batch)
        self.step = 0
        self.seconds = 0.0
        self.losses: list[float] = []  # since the last row of the log
        torch.manual_seed(seed)
        shape = torch.as_tensor(mean_shape, dtype=torch.float32)
        if config.loss.openness:
            require_openness(convention)
        self.network = self.build(shape)
        if initial_model is not None:
            images, transform, _ = sampler.batch(0, range(WARM_START_FACES))
            assert isinstance(self.network, DeepAlignmentNetwork)
            warm_start(self.network, initial_model, images, transform)
        if self.bfloat16 or min(config.network.widths) >= FEWEST_CHANNELS:
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = AveragedModel(
            self.network, multi_avg_fn=exponential_average(schedule.averaging), use_buffers=True
        )
        self.parallel: torch.nn.Module = self.network
        if self.processes > 1:
            self.parallel = DistributedDataParallel(self.network)
        # Weight decay belongs to kernels, not to biases and normalisation.
        kernels = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": kernels, "weight_decay": schedule.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=schedule.learning_rate,
        )

    def build(self, mean_shape: Tensor) -> torch.nn.Module:
        """The network before training; ``mean_shape`` is (L, 2) in canonical pixels."""
        return DeepAlignmentNetwork(self.config.network, mean_shape)

    # -- state ---------------------------------------------------------------------------------

    @property
    def checkpoint(self) -> Path:
        """Where the run's state is kept."""
        return self.folder / "checkpoint.pt"

    def save(self) -> None:
        """Write the checkpoint; an interrupted write leaves the last one whole."""
        state = {
            "identity": self.identity,
            "step": self.step,
            "seconds": self.seconds,
            "losses": self.losses,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with replacing(self.checkpoint) as temporary:
            torch.save(state, temporary)

    def resume(self) -> None:
        """Continue from the folder's checkpoint, if there is one.

        Raises
        ------
        ValueError
            It is damaged, or belongs to another config, seed or data.
        """
        if not self.checkpoint.is_file():
            if self.rank == 0:
                self.log.forget_rows_after(0)
            return
        try:
            state = torch.load(self.checkpoint, weights_only=True)
        except Exception as error:  # zip, pickle and torch each have their own
            raise ValueError(f"expected a checkpoint, got {self.checkpoint}: {error}") from error
        for path, theirs, mine in differences(state["identity"], self.identity):
            raise ValueError(
                f"expected {path} {mine}, got {theirs} in {self.checkpoint}: "
                "a run goes on with what it began with, another needs another folder"
            )
        self.step, self.seconds = state["step"], state["seconds"]
        self.losses = list(state.get("losses", []))
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.rank == 0:
            self.log.forget_rows_after(self.step)

    # -- one step ------------------------------------------------------------------------------

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine down to zero."""
        schedule = self.config.schedule
        warmup = max(1, round(schedule.warmup * self.steps))
        if self.step < warmup:
            return schedule.learning_rate * (self.step + 1) / warmup
        progress = (self.step - warmup) / max(1, self.steps - warmup)
        return schedule.learning_rate * 0.5 * (1 + float(np.cos(np.pi * progress)))

    def loss(self, results: list[StageResult], target: Target) -> Tensor:
        """All losses, weighted."""
        network, weights = self.config.network, self.config.loss
        loss = landmark_loss(results, target)
        if network.uncertainty:
            sigma, confidence = uncertainty_loss(results[-1], target)
            loss = loss + weights.sigma * sigma + weights.confidence * confidence
        if network.heatmaps:
            loss = loss + weights.heatmap * heatmap_loss(results, target, network.input_size)
        if weights.openness:
            loss = loss + weights.openness * openness_loss(results, target)
        return loss

    def train_step(self) -> float:
        """Advance by one batch; returns the loss."""
        self.network.train()
        # Dropout: the same in every resumed run, another in every process.
        torch.manual_seed((self.seed * 1_000_003 + self.step) * self.processes + self.rank)
        rate = self.learning_rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, starts, target = self.sampler.batch(self.step, self.places)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            results = self.parallel(images, starts)
        loss = self.loss(results, target)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss became {loss.item()} at step {self.step}")
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.averaged.update_parameters(self.network)
        self.step += 1
        return loss.item()

    # -- the run -------------------------------------------------------------------------------

    @torch.inference_mode()
    def predict_validation(self) -> list[np.ndarray]:
        """Landmarks (N, L, 2) of the validation faces after each stage, averaged weights."""
        self.averaged.eval()
        found: list[list[np.ndarray]] = [[] for _ in range(self.config.network.stages)]
        for first in range(0, len(self.validation), 64):
            part = slice(first, first + 64)
            images = torch.from_numpy(self.validation.images[part])[:, None].float()
            results = self.averaged(images, torch.from_numpy(self.validation.starts[part]))
            for stage, result in zip(found, results, strict=True):
                stage.append(result.landmarks.numpy())
        return [np.concatenate(stage) for stage in found]

    def errors(self, predicted: np.ndarray) -> np.ndarray:
        """Inter-ocular errors (N,) of landmarks (N, L, 2) of the validation faces."""
        truth = self.validation.landmarks
        return normalised_errors(predicted, truth, face_scale(truth, self.convention))

    def validate(self) -> list[np.ndarray]:
        """Inter-ocular errors (N,) of the validation faces after each stage."""
        return [self.errors(predicted) for predicted in self.predict_validation()]

    def run(self, *, progress: bool = True) -> None:
        """Train to the end of the schedule, logging and saving on the way.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C or SIGTERM, when the step is done and the checkpoint saved.
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
        row = {
            "step": self.step,
            "faces": self.step * self.config.schedule.batch,
            "seconds": self.seconds,
            "learning_rate": self.learning_rate(),
            "loss": loss,
        }
        if len(self.validation):
            predicted = self.predict_validation()
            stages = [summarise(self.errors(landmarks)) for landmarks in predicted]
            row |= {f"nme_stage{i + 1}": stage.nme for i, stage in enumerate(stages)}
            row["failures"] = stages[-1].failures
            if has_openness(self.convention):
                row |= openness_scores(predicted[-1], self.validation.landmarks, stages[-1].nme)
        return row
