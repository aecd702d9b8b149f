"""What the shipped models find in the ten faces of `tests/samples.py`.

    python -m tests.predictor.golden

writes it to ``tests/data/shipped_models.npz``. Run it for new weights only: the file shows that a
change of the code leaves the landmarks as they are.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

import danpredict

from ..conftest import ROOT
from ..samples import digest, machine, samples

FILE = ROOT / "tests" / "data" / "shipped_models.npz"


def golden() -> dict[str, NDArray[Any]]:
    """Landmarks, sigma and confidence by sample and model, and the machine that found them."""
    found: dict[str, NDArray[Any]] = {"machine": np.array(json.dumps(machine()))}
    for name, sample in samples().items():
        found[f"{name}/picture"] = np.array(digest(sample.picture))
        for model in danpredict.models():
            predictor = danpredict.DANShapePredictor(model, threads=1)
            det = predictor(sample.picture, danpredict.rectangle(*sample.rectangle))
            assert det.sigma is not None
            found[f"{name}/{model}/landmarks"] = det.landmarks
            found[f"{name}/{model}/sigma"] = det.sigma
            found[f"{name}/{model}/confidence"] = np.array(det.confidence)
    return found


if __name__ == "__main__":
    np.savez_compressed(FILE, **golden())  # type: ignore[arg-type]
    print(f"wrote {FILE}")
