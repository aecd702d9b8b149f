"""Calibration of a trained network's sigma and confidence on faces it has not been trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from danpredict.evaluation.metrics import FAILURE
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale
from danpredict.model.network import DeepAlignmentNetwork
from danpredict.model.stage import Stage
from danpredict.training.config import AugmentConfig
from danpredict.training.losses import Target, average, landmark_distance
from danpredict.training.sampler import Sampler
from danpredict.training.tiles import FaceTiles

FEWEST_FACES = 50  # below, chance would decide
ROUNDS = 4  # variations and background starts per face


@dataclass(frozen=True)
class Calibration:
    """``sigma * sigma_factor`` and ``sigmoid(slope * logit + offset)``."""

    sigma_factor: float
    slope: float
    offset: float

    def apply(self, stage: Stage) -> None:
        """Work it into the stage's weights."""
        uncertainty = stage.uncertainty
        assert uncertainty is not None
        with torch.no_grad():
            uncertainty.bias[:-1] += float(np.log(self.sigma_factor))
            uncertainty.weight[-1] *= self.slope
            uncertainty.bias[-1] = self.slope * uncertainty.bias[-1] + self.offset


class Observed(NamedTuple):
    """What the last stage says of a batch, and what is true.

    Attributes
    ----------
    ratio : (N, L) distance over sigma; NaN where a landmark is not labelled
    logit : (N,)
    good : (N,) bool, mean error below 8 % of the inter-ocular distance
    """

    ratio: Tensor
    logit: Tensor
    good: Tensor


@torch.inference_mode()
def observe(
    network: DeepAlignmentNetwork, images: Tensor, starts: Tensor, target: Target
) -> Observed:
    """Run the network and compare."""
    result = network(images, starts)[-1]
    assert result.output.log_sigma is not None
    assert result.output.logit is not None
    distance = landmark_distance(result.landmarks, target)
    scale = torch.sqrt((result.transform[:, 0, :2] ** 2).sum(-1))
    ratio = distance * scale[:, None] / torch.exp(result.output.log_sigma)
    return Observed(
        torch.where(target.known, ratio, torch.nan),
        result.output.logit,
        average(distance, target.known) / target.scale < FAILURE,
    )


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
    network: DeepAlignmentNetwork, faces: FaceTiles, convention: Convention, augment: AugmentConfig
) -> Calibration | None:
    """Fit to validation faces, half of them as in training varied, and as much background.

    Validation pictures alone are too easy to show how the network fails: few faces do. None where
    there are too few faces. The network has to be in evaluation mode.
    """
    count = len(faces)
    if count < FEWEST_FACES:
        return None
    mean_shape = network.mean_shape.numpy()
    everyone = np.ones(count)

    def drawn(share: float) -> Sampler:
        shares = replace(augment, background=share)
        return Sampler(faces, everyone, mean_shape, convention, shares, seed=0)

    plain = Target(
        torch.from_numpy(faces.landmarks),
        torch.from_numpy(faces.known),
        torch.ones(count, dtype=torch.bool),
        torch.from_numpy(face_scale(faces.landmarks.astype(np.float64), convention)),
    )
    pictures = torch.from_numpy(faces.images)[:, None].float()
    batches = [(pictures, torch.from_numpy(faces.starts), plain)]
    batches += [drawn(0.0).batch(step, range(count)) for step in range(ROUNDS)]
    batches += [drawn(1.0).batch(step, range(count)) for step in range(ROUNDS)]
    weights = [0.5] + [0.5 / ROUNDS] * ROUNDS + [1 / ROUNDS] * ROUNDS
    seen = [observe(network, *batch) for batch in batches]
    slope, offset = fit_logistic(
        torch.cat([each.logit for each in seen]),
        torch.cat([each.good for each in seen]),
        torch.tensor(weights).repeat_interleave(count),
    )
    # The likelihood of exponentially distributed distances is largest at their mean ratio.
    return Calibration(float(seen[0].ratio.nanmean()), slope, offset)
