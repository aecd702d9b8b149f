"""All figures of one predictor on one data set: errors, openness, uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from danpredict.datasets.face import LabelledFace
from danpredict.evaluation.evaluate import Predictions
from danpredict.evaluation.metrics import (
    FAILURE,
    normalised_errors,
    rank_correlation,
    reliability,
    roc_auc,
    summarise,
)
from danpredict.evaluation.openness_report import openness_report, openness_sigma_report
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention
from danpredict.landmarks.normalisation import face_scale, normalisers
from danpredict.landmarks.openness import has_openness


def region_errors(
    landmarks: FloatArray, truth: FloatArray, scale: FloatArray, convention: Convention
) -> dict[str, float]:
    """NME in percent of each facial part; the right and the left one count together.

    Parameters
    ----------
    landmarks, truth : (N, L, 2) float, image pixels
    scale : (N,) float, image pixels
        The normaliser.
    """
    regions: dict[str, list[int]] = {}
    for part, indices in convention.groups.items():
        regions.setdefault(part.split("_")[-1], []).extend(indices)
    return {
        region: float(100 * normalised_errors(landmarks[:, i], truth[:, i], scale).mean())
        for region, i in regions.items()
    }


def without_jaw(convention: Convention) -> list[int]:
    """The landmarks that are not on the jaw; empty for a convention without eyes or jaw.

    Of ``ibug68`` these are the 51 landmarks 17 to 67, which many papers report too: data sets
    differ in where they place the jaw.
    """
    if convention.eyes is None or "jaw" not in convention.groups:
        return []
    return sorted(set(range(convention.size)) - set(convention.groups["jaw"]))


def uncertainty_report(
    predictions: Predictions,
    background: Predictions | None,
    errors: FloatArray,
    distances: FloatArray,
) -> dict[str, Any]:
    """How well sigma and confidence predict the true errors.

    Parameters
    ----------
    predictions, background : Predictions
        On N faces, and on boxes of background.
    errors : (N,) float
        Of each face, fractions of the normaliser.
    distances : (N, L) float
        Of each landmark from its true position, image pixels; NaN if that is unknown.

    Returns
    -------
    dict
        Ready for JSON; empty for a predictor without uncertainty.
    """
    if predictions.sigma is None or predictions.confidence is None:
        return {}
    known = np.isfinite(distances)
    confidence, good = predictions.confidence, errors < FAILURE
    if background is not None and background.confidence is not None:
        confidence = np.concatenate([confidence, background.confidence])
        good = np.concatenate([good, np.zeros(len(background.confidence), bool)])
    report: dict[str, Any] = {
        "cases": len(good),
        "good": int(good.sum()),
        "sigma_rank_correlation": rank_correlation(predictions.sigma[known], distances[known]),
        "sigma_over_error": float(predictions.sigma[known].mean() / distances[known].mean()),
        "reliability": [asdict(bin_) for bin_ in reliability(confidence, good)],
    }
    if good.any() and not good.all():
        report["roc_auc"] = roc_auc(confidence, good)
    return report


def accuracy_report(
    predictions: Predictions,
    background: Predictions | None,
    faces: Sequence[LabelledFace],
    convention: Convention,
) -> dict[str, Any]:
    """All figures of one predictor on N annotated faces, ready for JSON; errors in percent.

    Parameters
    ----------
    predictions, background : Predictions
        See `danpredict.evaluation.evaluate.run_predictors`.
    faces : N annotated faces
    convention : Convention
        Of the landmarks.
    """
    truth = np.stack([face.landmarks for face in faces])
    scale = face_scale(truth, convention)
    measures = normalisers(convention)
    errors = normalised_errors(predictions.landmarks, truth, scale)
    distances: NDArray[np.float64] = np.linalg.norm(predictions.landmarks - truth, axis=-1)
    report: dict[str, Any] = {
        name: asdict(
            summarise(normalised_errors(predictions.landmarks, truth, of(truth, convention)))
        )
        for name, of in measures.items()
    }
    report["measure"] = next(iter(measures))  # the normaliser of all figures below
    report["regions"] = region_errors(predictions.landmarks, truth, scale, convention)
    inner = without_jaw(convention)
    if inner:
        report["without_jaw"] = asdict(
            summarise(normalised_errors(predictions.landmarks[:, inner], truth[:, inner], scale))
        )
    if predictions.stages is not None:
        report["stages"] = [
            asdict(summarise(normalised_errors(stage, truth, scale)))
            for stage in predictions.stages
        ]
    if has_openness(convention):
        report["openness"] = openness_report(predictions.landmarks, truth, errors)
    report["uncertainty"] = uncertainty_report(predictions, background, errors, distances)
    if has_openness(convention) and predictions.sigma is not None:
        report["uncertainty"] |= openness_sigma_report(predictions.sigma, distances, truth)
    report["errors"] = [round(float(100 * error), 4) for error in errors]
    return report
