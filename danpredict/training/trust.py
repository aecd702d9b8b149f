"""Calibration of a trained network's sigma and confidence on faces it has not been trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from danpredict.conventions import Convention
from danpredict.metrics import FAILURE, face_scale
from danpredict.network import DeepAlignmentNetwork, Stage
from danpredict.training.augment import background_starts
from danpredict.training.config import AugmentConfig
from danpredict.training.faces import FaceTiles
from danpredict.training.losses import Target, average, landmark_distance

FEWEST_FACES = 50  # below, chance would decide
ROUNDS = 4  # background starts per face


@dataclass(frozen=True)
class Calibration:
    """``sigma * sigma_factor`` and ``sigmoid(slope * logit + offset)``."""

    sigma_factor: float
    slope: float
    offset: float

    def apply(self, stage: Stage) -> None:
        """Work it into the stage's weights."""
        trust = stage.trust
        assert trust is not None
        with torch.no_grad():
            trust.bias[:-1] += float(np.log(self.sigma_factor))
            trust.weight[-1] *= self.slope
            trust.bias[-1] = self.slope * trust.bias[-1] + self.offset


@torch.inference_mode()
def observe(
    network: DeepAlignmentNetwork, faces: FaceTiles, starts: Tensor, layout: Convention
) -> tuple[Tensor, Tensor, Tensor]:
    """What the last stage says, and what is true.

    Returns
    -------
    ratio : (N, L) distance over sigma; NaN where a landmark is not labelled
    logit : (N,)
    good : (N,) bool, mean error below 8 % of the inter-ocular distance
    """
    ratios, logits, goods = [], [], []
    for first in range(0, len(faces), 64):
        part = slice(first, first + 64)
        images = torch.from_numpy(faces.images[part])[:, None].float()
        result = network(images, starts[part])[-1]
        known = torch.from_numpy(faces.known[part])
        landmarks = torch.from_numpy(faces.landmarks[part])
        size = torch.from_numpy(face_scale(faces.landmarks[part].astype(np.float64), layout))
        target = Target(landmarks, known, torch.ones(len(known), dtype=torch.bool), size)
        distance = landmark_distance(result.landmarks, target)
        scale = torch.sqrt((result.transform[:, 0, :2] ** 2).sum(-1))
        ratio = distance * scale[:, None] / torch.exp(result.output.log_sigma)
        ratios.append(torch.where(known, ratio, torch.nan))
        logits.append(result.output.logit)
        goods.append(average(distance, known) / target.scale < FAILURE)
    return torch.cat(ratios), torch.cat(logits), torch.cat(goods)


def fit_logistic(logit: Tensor, good: Tensor, weight: Tensor) -> tuple[float, float]:
    """Slope and offset of Platt's scaling, by weighted maximum likelihood."""
    raw = torch.tensor([0.0, 0.0], requires_grad=True)  # logarithm of the slope; offset
    optimiser = torch.optim.LBFGS([raw], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        scaled = raw[0].exp() * logit + raw[1]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(scaled, good.float(), weight)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return float(raw[0].exp().detach()), float(raw[1].detach())


def calibrate(
    network: DeepAlignmentNetwork, faces: FaceTiles, layout: Convention
) -> Calibration | None:
    """Fit to the faces from their own starts and, as many again, from starts that miss them.

    None where there are too few faces. The network has to be in evaluation mode.
    """
    if len(faces) < FEWEST_FACES:
        return None
    ratio, logit, good = observe(network, faces, torch.from_numpy(faces.starts), layout)
    logits, goods, weights = [logit], [good], [torch.ones(len(faces))]
    rng = np.random.default_rng(0)
    mean_shape = network.mean_shape.numpy()
    for _ in range(ROUNDS):
        starts = background_starts(rng, faces.landmarks, mean_shape, AugmentConfig(roll=0.0))
        _, logit, good = observe(network, faces, torch.from_numpy(starts), layout)
        logits.append(logit)
        goods.append(good)
        weights.append(torch.full((len(faces),), 1 / ROUNDS))
    slope, offset = fit_logistic(torch.cat(logits), torch.cat(goods), torch.cat(weights))
    # The likelihood of exponentially distributed distances is largest at their mean ratio.
    return Calibration(float(ratio.nanmean()), slope, offset)
