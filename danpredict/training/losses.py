"""The training losses: of the landmarks, their heatmaps, the uncertainty and the openness."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from danpredict.evaluation.metrics import FAILURE
from danpredict.geometry.torch_similarity import transform_points
from danpredict.landmarks.openness import LID_PAIRS, LIP_PAIRS
from danpredict.model.network import StageResult
from danpredict.model.network_config import NetworkConfig
from danpredict.training.config import LossConfig


class Target(NamedTuple):
    """The labels of a batch.

    Attributes
    ----------
    landmarks : (N, L, 2) float, source pixels
        All finite. Landmarks without a label have an estimated position.
    known : (N, L) bool
        Which landmarks are labelled. The others do not count in any loss.
    face : (N,) bool
        Whether the initial transform lies on the face. If not, only the confidence is trained.
    scale : (N,) float, source pixels
        The normaliser (inter-ocular distance); see `danpredict.landmarks.normalisation.face_scale`.
    """

    landmarks: Tensor
    known: Tensor
    face: Tensor
    scale: Tensor


def average(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the masked values over the last axis; 0 if the mask is empty."""
    return (values * mask).sum(-1) / mask.sum(-1).clamp_min(1)


def landmark_distance(landmarks: Tensor, target: Target) -> Tensor:
    """Distances (N, L) in source pixels, smooth at zero."""
    return torch.sqrt(((landmarks - target.landmarks) ** 2).sum(-1) + 1e-6)


def landmark_loss(results: list[StageResult], target: Target) -> Tensor:
    """Mean landmark distance divided by the inter-ocular distance, summed over the stages.

    This is the loss of the DAN paper (section 3), with two differences: the paper divides by the
    inter-pupil distance, and it trains one stage at a time.
    """
    total = torch.zeros(())
    for result in results:
        distance = average(landmark_distance(result.landmarks, target), target.known) / target.scale
        total = total + average(distance, target.face)
    return total


def openness_loss(results: list[StageResult], target: Target) -> Tensor:
    """Mean error of the vectors between lids and between inner lips, summed over the stages.

    The unit is the inter-ocular distance. A shift of the whole face does not change this loss; an
    eye that is too far open increases it. Pairs with an unlabelled landmark do not count. Only for
    ``ibug68``.
    """
    upper, lower = torch.tensor(LID_PAIRS + LIP_PAIRS).T
    known = target.known[:, upper] & target.known[:, lower]
    vectors = target.landmarks[:, upper] - target.landmarks[:, lower]
    total = torch.zeros(())
    for result in results:
        error = result.landmarks[:, upper] - result.landmarks[:, lower] - vectors  # (N, 7, 2)
        length = torch.sqrt((error**2).sum(-1) + 1e-6)
        total = total + average(average(length, known) / target.scale, target.face)
    return total


def heatmap_loss(results: list[StageResult], target: Target, size: int) -> Tensor:
    """Cross-entropy between the heatmaps and the true positions, averaged over the stages.

    A true position is distributed over its four nearest cells by bilinear weights. Landmarks
    outside the frame do not count. ``size`` is the side of the canonical frame.
    """
    total = torch.zeros(())
    for result in results:
        maps = result.output.heatmaps
        assert maps is not None
        side = maps.shape[-1]
        cell = size // side
        place = (transform_points(result.transform.detach(), target.landmarks) + 0.5) / cell - 0.5
        inside = ((place >= 0) & (place <= side - 1)).all(-1)
        low = place.clamp(0, side - 1.001).floor()
        part = (place - low).clamp(0, 1)
        base = (low[..., 1] * side + low[..., 0]).long()  # (N, L)
        log_probability = F.log_softmax(maps.float().flatten(2), -1)  # (N, L, side * side)
        entropy = torch.zeros(base.shape)
        for dy in (0, 1):
            for dx in (0, 1):
                weight = (part[..., 0] if dx else 1 - part[..., 0]) * (
                    part[..., 1] if dy else 1 - part[..., 1]
                )
                index = (base + dy * side + dx)[..., None]
                entropy = entropy - weight * log_probability.gather(-1, index)[..., 0]
        total = total + average(average(entropy, target.known & inside), target.face)
    return total / len(results)


def uncertainty_loss(result: StageResult, target: Target) -> tuple[Tensor, Tensor]:
    """Losses of sigma and of the confidence. The landmarks get no gradient.

    ``log(sigma) + distance / sigma``, the negative log-likelihood of an exponential distribution,
    is minimal if sigma is the expected distance. The target of the confidence is 1 if the mean
    error is below 8 % of the inter-ocular distance, for all initial transforms.
    """
    log_sigma, logit = result.output.log_sigma, result.output.logit
    assert log_sigma is not None
    assert logit is not None
    distance = landmark_distance(result.landmarks, target).detach()
    scale = torch.sqrt((result.transform[:, 0, :2].detach() ** 2).sum(-1))
    likelihood_loss = log_sigma + distance * scale[:, None] * torch.exp(-log_sigma)
    error = average(distance, target.known) / target.scale
    good = (error < FAILURE).float()
    return (
        average(average(likelihood_loss, target.known), target.face),
        F.binary_cross_entropy_with_logits(logit, good),
    )


def weighted_loss(
    results: list[StageResult], target: Target, network: NetworkConfig, weights: LossConfig
) -> Tensor:
    """The weighted sum of the losses of all outputs that the network has."""
    loss = landmark_loss(results, target)
    if network.uncertainty:
        sigma, confidence = uncertainty_loss(results[-1], target)
        loss = loss + weights.sigma * sigma + weights.confidence * confidence
    if network.heatmaps:
        loss = loss + weights.heatmap * heatmap_loss(results, target, network.input_size)
    if weights.openness:
        loss = loss + weights.openness * openness_loss(results, target)
    return loss
