"""Errors of a network on the validation faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from danpredict.evaluation.metrics import normalised_errors, summarise
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale
from danpredict.landmarks.openness import has_openness, openness_scores
from danpredict.training.tiles import FaceTiles

BATCH = 64


class Validation:
    """Validation faces, ready to be refined by a network.

    Parameters
    ----------
    faces : FaceTiles
        May be empty.
    convention : Convention
        Of their landmarks.
    """

    def __init__(self, faces: FaceTiles, convention: Convention) -> None:
        self.faces, self.convention = faces, convention

    def __len__(self) -> int:
        return len(self.faces)

    @torch.inference_mode()
    def predict(self, network: nn.Module) -> list[np.ndarray]:
        """Landmarks (N, L, 2) of the faces after each stage, tile pixels."""
        network.eval()
        batches: list[list[np.ndarray]] = []
        for first in range(0, len(self.faces), BATCH):
            part = slice(first, first + BATCH)
            images = torch.from_numpy(self.faces.images[part])[:, None].float()
            results = network(images, torch.from_numpy(self.faces.transforms[part]))
            batches.append([result.landmarks.numpy() for result in results])
        return [np.concatenate(stage) for stage in zip(*batches, strict=True)]

    def errors(self, predicted: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Inter-ocular errors (N,) of landmarks (N, L, 2), stage by stage."""
        truth = self.faces.landmarks
        scale = face_scale(truth, self.convention)
        return [normalised_errors(landmarks, truth, scale) for landmarks in predicted]

    def scores(self, network: nn.Module) -> dict[str, float]:
        """A network's columns of the log; none without validation faces."""
        if not len(self):
            return {}
        predicted = self.predict(network)
        stages = [summarise(errors) for errors in self.errors(predicted)]
        scores = {f"nme_stage{i + 1}": stage.nme for i, stage in enumerate(stages)}
        scores["failures"] = stages[-1].failures
        if has_openness(self.convention):
            scores |= openness_scores(predicted[-1], self.faces.landmarks, stages[-1].nme)
        return scores
