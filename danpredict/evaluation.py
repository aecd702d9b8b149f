"""Errors of landmarks as the literature reports them: NME, failure rate, AUC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from danpredict.geometry import FloatArray

FAILURE = 0.08  # of the inter-ocular distance, as in the 300-W challenge and the DAN paper


def normalised_errors(
    predicted: FloatArray, truth: FloatArray, eyes: tuple[int, int]
) -> FloatArray:
    """Mean point distance over the distance of the outer eye corners, per face.

    Parameters
    ----------
    predicted, truth : (N, L, 2) float
    eyes : indices of the outer eye corners

    Returns
    -------
    (N,) float, a fraction (0.05 is 5 %)
    """
    scale = np.linalg.norm(truth[:, eyes[0]] - truth[:, eyes[1]], axis=-1)
    return np.asarray(np.linalg.norm(predicted - truth, axis=-1).mean(-1) / scale)


@dataclass(frozen=True)
class Summary:
    """A data set in one row; all figures in percent."""

    faces: int
    nme: float
    median: float
    failures: float
    auc: float


def summarise(errors: FloatArray, threshold: float = FAILURE) -> Summary:
    """Mean, median, share of errors above the threshold, and area under the CED up to it.

    The area under the cumulative error distribution is exact: a face of error e adds
    ``max(0, 1 - e / threshold)``. 100 is perfect.

    Raises
    ------
    ValueError
        No errors, or some that are not finite.
    """
    if errors.ndim != 1 or not errors.size or not np.isfinite(errors).all():
        raise ValueError(f"expected a list of finite errors, got shape {errors.shape}: {errors}")
    return Summary(
        faces=len(errors),
        nme=float(100 * errors.mean()),
        median=float(100 * np.median(errors)),
        failures=float(100 * (errors > threshold).mean()),
        auc=float(100 * np.clip(1 - errors / threshold, 0, None).mean()),
    )
