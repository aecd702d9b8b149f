"""The training loop: end to end, a loss on every stage, resumable at any checkpoint."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from danpredict.conventions import Convention
from danpredict.evaluation import normalised_errors, summarise
from danpredict.geometry import FloatArray
from danpredict.network import DeepAlignmentNetwork
from danpredict.training.augment import random_starts, vary
from danpredict.training.config import TrainingConfig
from danpredict.training.faces import FaceTiles, mirror_tile

CHECKPOINT_SECONDS = 180
VALIDATIONS = 40  # in a whole run

Tensors = tuple[Tensor, ...] | list[Tensor]


def exponential_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential averaging that forgets the random start: early on the decay is smaller."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        warm = (1 + int(count)) / (10 + int(count))
        average = get_ema_multi_avg_fn(min(decay, warm))  # type: ignore[no-untyped-call]
        average(averaged, current, count)

    return update


def landmark_loss(refined: list[Tensor], target: Tensor, eyes: tuple[int, int]) -> Tensor:
    """Mean point distance over inter-ocular distance, added up over the stages.

    The loss of the paper (section 3), there over the inter-pupil distance and on one stage.

    Parameters
    ----------
    refined : list of (N, L, 2)
    target : (N, L, 2)
    eyes : outer eye corners
    """
    scale = (target[:, eyes[0]] - target[:, eyes[1]]).norm(dim=-1)
    total = torch.zeros(())
    for landmarks in refined:
        distance = torch.sqrt(((landmarks - target) ** 2).sum(-1) + 1e-6)  # (N, L)
        total = total + (distance.mean(-1) / scale).mean()
    return total


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
    run goes on exactly as the uninterrupted one.
    """

    def __init__(
        self,
        config: TrainingConfig,
        convention: Convention,
        mean_shape: np.ndarray,
        train: FaceTiles,
        weights: FloatArray,
        validation: FaceTiles,
        folder: Path,
        seed: int,
        identity: dict[str, Any],
    ) -> None:
        """Set up at step 0.

        ``weights`` (N,) are the chances of the training faces to be drawn; they add up to 1.
        ``identity`` is what must not change when a run is resumed: config, seed, data.
        """
        self.config, self.convention, self.seed = config, convention, seed
        self.identity = identity
        self.train, self.weights = train, weights
        self.validation, self.folder = validation, folder
        self.mean_shape = mean_shape
        schedule = config.schedule
        cv2.setNumThreads(1)  # with its own pool, fighting torch's, a step takes 1.15 x as long
        self.steps = max(1, schedule.faces // schedule.batch)
        self.step = 0
        self.seconds = 0.0
        torch.manual_seed(seed)
        shape = torch.as_tensor(mean_shape, dtype=torch.float32)
        self.network = DeepAlignmentNetwork(config.network, shape)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = AveragedModel(
            self.network, multi_avg_fn=exponential_average(schedule.averaging), use_buffers=True
        )
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
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def resume(self) -> None:
        """Continue from the folder's checkpoint, if there is one.

        Raises
        ------
        ValueError
            It is damaged, or belongs to another config, seed or data.
        """
        if not self.checkpoint.is_file():
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
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._forget_rows_after(self.step)

    # -- one step ------------------------------------------------------------------------------

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine down to zero."""
        schedule = self.config.schedule
        warmup = max(1, round(schedule.warmup * self.steps))
        if self.step < warmup:
            return schedule.learning_rate * (self.step + 1) / warmup
        progress = (self.step - warmup) / max(1, self.steps - warmup)
        return schedule.learning_rate * 0.5 * (1 + float(np.cos(np.pi * progress)))

    def batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Varied tiles (N, 1, T, T), initial transforms (N, 2, 3) and landmarks (N, L, 2)."""
        size, count = self.config.schedule.batch, len(self.train)
        rng = np.random.default_rng([self.seed, self.step])
        chosen = rng.choice(count, size, p=self.weights)
        images = np.empty((size, *self.train.images.shape[1:]), np.uint8)
        landmarks = np.empty((size, *self.train.landmarks.shape[1:]), np.float32)
        for i, index in enumerate(chosen):
            tile, points = self.train.images[index], self.train.landmarks[index]
            if rng.random() < 0.5:
                tile, points = mirror_tile(tile, points, self.convention.mirror)
            other = self.train.images[rng.integers(count)]
            images[i] = vary(rng, tile, points, other, self.config.augment)
            landmarks[i] = points
        starts = random_starts(rng, landmarks, self.mean_shape, self.config.augment)
        return (
            torch.from_numpy(images)[:, None].float(),
            torch.from_numpy(starts),
            torch.from_numpy(landmarks),
        )

    def train_step(self) -> float:
        """Advance by one batch; returns the loss."""
        self.network.train()
        torch.manual_seed(self.seed * 1_000_003 + self.step)  # dropout
        rate = self.learning_rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        images, starts, target = self.batch()
        with torch.autocast("cpu", torch.bfloat16):
            refined = self.network(images, starts)
        loss = landmark_loss(refined, target, self.convention.eyes)
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
    def validate(self) -> list[np.ndarray]:
        """Inter-ocular errors (N,) of the validation faces after each stage, averaged weights."""
        self.averaged.eval()
        errors: list[list[np.ndarray]] = [[] for _ in range(self.config.network.stages)]
        for first in range(0, len(self.validation), 64):
            part = slice(first, first + 64)
            images = torch.from_numpy(self.validation.images[part])[:, None].float()
            refined = self.averaged(images, torch.from_numpy(self.validation.starts[part]))
            for stage, landmarks in zip(errors, refined, strict=True):
                target = self.validation.landmarks[part]
                stage.append(normalised_errors(landmarks.numpy(), target, self.convention.eyes))
        return [np.concatenate(stage) for stage in errors]

    def run(self) -> None:
        """Train to the end of the schedule, logging and saving on the way."""
        every = max(1, self.steps // VALIDATIONS)
        losses: list[float] = []
        started, saved = time.monotonic() - self.seconds, time.monotonic()
        batch = self.config.schedule.batch
        with tqdm(total=self.steps * batch, initial=self.step * batch, unit="face") as bar:
            while self.step < self.steps:
                losses.append(self.train_step())
                self.seconds = time.monotonic() - started
                bar.update(batch)
                bar.set_description(f"loss {np.mean(losses):.4f}", refresh=False)
                if self.step % every == 0 or self.step == self.steps:
                    self._log({"loss": float(np.mean(losses))} | self._validation_row())
                    losses.clear()
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self.save()
                    saved = time.monotonic()
        self.save()

    def _validation_row(self) -> dict[str, float]:
        if not len(self.validation):
            return {}
        stages = [summarise(errors) for errors in self.validate()]
        row = {f"nme_stage{i + 1}": stage.nme for i, stage in enumerate(stages)}
        return row | {"failures": stages[-1].failures}

    @property
    def log(self) -> Path:
        """Table of the run's course."""
        return self.folder / "log.csv"

    def _forget_rows_after(self, step: int) -> None:
        """Drop what an interrupted run logged after its last checkpoint."""
        if self.log.is_file():
            head, *rows = self.log.read_text("utf-8").splitlines()
            kept = [row for row in rows if int(row.split(",")[0]) <= step]
            self.log.write_text("\n".join([head, *kept]) + "\n", "utf-8")

    def _log(self, row: dict[str, Any]) -> None:
        row = {
            "step": self.step,
            "faces": self.step * self.config.schedule.batch,
            "seconds": self.seconds,
            "learning_rate": self.learning_rate(),
        } | row
        fresh = not self.log.exists()
        with self.log.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if fresh:
                writer.writerow(row)
            writer.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in row.values())
