"""What training minimises: landmarks, their maps, and what the network says of its own errors."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from danpredict.evaluation.metrics import FAILURE
from danpredict.geometry.torch_similarity import transform_points
from danpredict.landmarks.openness import LID_PAIRS, LIP_PAIRS
from danpredict.model.network import StageResult


class Target(NamedTuple):
    """The truth about a batch.

    Attributes
    ----------
    landmarks : (N, L, 2) float, source pixels
        Every landmark has a finite place, the unknown ones a likely one.
    known : (N, L) bool
        Which landmarks are labelled. The others do not enter any loss.
    face : (N,) bool
        Whether the start lies on the face. Where it does not, only the confidence learns.
    scale : (N,) float, source pixels
        What errors are measured by, the inter-ocular distance; see `metrics.face_scale`.
    """

    landmarks: Tensor
    known: Tensor
    face: Tensor
    scale: Tensor


def average(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the last axis of what the mask lets through; 0 where that is nothing."""
    return (values * mask).sum(-1) / mask.sum(-1).clamp_min(1)


def landmark_distance(landmarks: Tensor, target: Target) -> Tensor:
    """Distances (N, L) in source pixels, smooth at zero."""
    return torch.sqrt(((landmarks - target.landmarks) ** 2).sum(-1) + 1e-6)


def landmark_loss(results: list[StageResult], target: Target) -> Tensor:
    """Mean point distance over inter-ocular distance, added up over the stages.

    The loss of the DAN paper (section 3), there over the inter-pupil distance and on one stage.
    """
    total = torch.zeros(())
    for result in results:
        distance = average(landmark_distance(result.landmarks, target), target.known) / target.scale
        total = total + average(distance, target.face)
    return total


def openness_loss(results: list[StageResult], target: Target) -> Tensor:
    """Mean error of the vectors between lids and between inner lips, added up over the stages.

    In units of the inter-ocular distance, as `landmark_loss`. A face that is shifted as a whole
    costs nothing here; an eye that is too far open does. Pairs with an unknown landmark do not
    count. For the 68 landmarks of ``ibug68`` alone.
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
    """Cross-entropy between the landmarks' maps and their true places, a mean over the stages.

    A true place is spread over the four nearest cells, bilinearly. Landmarks outside the frame do
    not count.
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
    """Losses of the expected errors and of the confidence; the landmarks get no gradient.

    ``log(sigma) + distance / sigma`` is smallest where sigma is the expected distance (the
    likelihood of an exponential distribution). The confidence is to be 1 where the mean error
    is below 8 % of the inter-ocular distance, wherever the stages started.
    """
    log_sigma, logit = result.output.log_sigma, result.output.logit
    assert log_sigma is not None
    assert logit is not None
    distance = landmark_distance(result.landmarks, target).detach()
    scale = torch.sqrt((result.transform[:, 0, :2].detach() ** 2).sum(-1))
    unlikely = log_sigma + distance * scale[:, None] * torch.exp(-log_sigma)
    error = average(distance, target.known) / target.scale
    good = (error < FAILURE).float()
    return (
        average(average(unlikely, target.known), target.face),
        F.binary_cross_entropy_with_logits(logit, good),
    )
