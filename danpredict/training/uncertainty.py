"""Calibrate sigma and confidence of a trained network on validation faces."""

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

FEWEST_FACES = 50  # with fewer, the result would be mostly noise
ROUNDS = 4  # augmented samples, and background samples, per face


@dataclass(frozen=True)
class Calibration:
    """Calibrated: ``sigma * sigma_factor`` and ``sigmoid(slope * logit + offset)``."""

    sigma_factor: float
    slope: float
    offset: float

    def apply(self, stage: Stage) -> None:
        """Change the weights of the stage so that it returns calibrated values."""
        uncertainty = stage.uncertainty
        assert uncertainty is not None
        with torch.no_grad():
            uncertainty.bias[:-1] += float(np.log(self.sigma_factor))
            uncertainty.weight[-1] *= self.slope
            uncertainty.bias[-1] = self.slope * uncertainty.bias[-1] + self.offset


class Outcome(NamedTuple):
    """The uncertainty that the network estimates for a batch, and its real errors.

    Attributes
    ----------
    ratio : (N, L) float
        Distance divided by sigma; NaN for landmarks without a label.
    logit : (N,) float
        Of the confidence.
    good : (N,) bool
        Whether the mean error is below 8 % of the inter-ocular distance.
    """

    ratio: Tensor
    logit: Tensor
    good: Tensor


@torch.inference_mode()
def outcome(
    network: DeepAlignmentNetwork, images: Tensor, transforms: Tensor, target: Target
) -> Outcome:
    """Run the network on a batch and compare its last stage with the labels."""
    result = network(images, transforms)[-1]
    assert result.output.log_sigma is not None
    assert result.output.logit is not None
    distance = landmark_distance(result.landmarks, target)
    scale = torch.sqrt((result.transform[:, 0, :2] ** 2).sum(-1))
    ratio = distance * scale[:, None] / torch.exp(result.output.log_sigma)
    return Outcome(
        torch.where(target.known, ratio, torch.nan),
        result.output.logit,
        average(distance, target.known) / target.scale < FAILURE,
    )


def fit_logistic(logit: Tensor, good: Tensor, weight: Tensor) -> tuple[float, float]:
    """Slope and offset of Platt scaling, by weighted maximum likelihood."""
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
    """Fit the calibration on validation faces; None if there are fewer than `FEWEST_FACES`.

    The network fails on few validation faces. So the confidence is fitted on validation faces (a
    quarter of the weight), on the same faces augmented as in training (a quarter) and on background
    (half). The network must be in evaluation mode.
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
    batches = [(pictures, torch.from_numpy(faces.transforms), plain)]
    batches += [drawn(0.0).batch(step, range(count)) for step in range(ROUNDS)]
    batches += [drawn(1.0).batch(step, range(count)) for step in range(ROUNDS)]
    weights = [0.5] + [0.5 / ROUNDS] * ROUNDS + [1 / ROUNDS] * ROUNDS
    outcomes = [outcome(network, *batch) for batch in batches]
    slope, offset = fit_logistic(
        torch.cat([each.logit for each in outcomes]),
        torch.cat([each.good for each in outcomes]),
        torch.tensor(weights).repeat_interleave(count),
    )
    # The mean ratio maximises the likelihood of exponentially distributed distances.
    return Calibration(float(outcomes[0].ratio.nanmean()), slope, offset)
