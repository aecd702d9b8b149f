"""The shipped models find what they found when they were released."""

from __future__ import annotations

import json

import numpy as np
import pytest
from skimage import data

import danpredict
from danpredict import DANShapePredictor

from ..samples import EXACT, digest, same_machine, samples, tolerance
from .golden import FILE

GOLDEN = dict(np.load(FILE))
SAME_MACHINE = same_machine(json.loads(str(GOLDEN["machine"])))


@pytest.mark.parametrize("model", danpredict.models())
def test_the_shipped_models_find_what_they_found(model: str) -> None:
    predictor = DANShapePredictor(model, threads=1)
    for name, sample in samples().items():
        assert digest(sample.picture) == str(GOLDEN[f"{name}/picture"]), f"another picture: {name}"
        if name == "camera" and not SAME_MACHINE:
            continue  # no face lies in this rectangle, and so nothing bounds the difference
        det = predictor(sample.picture, danpredict.rectangle(*sample.rectangle))
        atol = tolerance(sample, same=SAME_MACHINE, int8="int8" in model)
        for key, found in (("landmarks", det.landmarks), ("sigma", det.sigma)):
            expected = GOLDEN[f"{name}/{model}/{key}"]
            assert found is not None
            assert found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=0, atol=atol, err_msg=name)
        confidence = float(GOLDEN[f"{name}/{model}/confidence"])
        assert det.confidence == pytest.approx(confidence, abs=EXACT if SAME_MACHINE else 0.02)


@pytest.mark.parametrize("model", ["lean68", "slim68"])
def test_background_has_no_confidence_in_int8_either(model: str) -> None:
    """The hidden layer has larger values on background than on the faces of the calibration."""
    rng = np.random.default_rng(0)
    predictors = [DANShapePredictor(name, threads=1) for name in (model, f"{model}-int8")]
    for name in ("brick", "coffee", "rocket"):
        picture, found = getattr(data, name)(), []
        for _ in range(30):
            side = rng.uniform(60, 200)
            left, top = (rng.uniform(0, length - side) for length in picture.shape[1::-1])
            box = (left, top, left + side, top + side)
            found.append([predictor(picture, box).confidence or 0.0 for predictor in predictors])
        assert np.max(found) < 0.5
        assert np.abs(np.diff(np.array(found))).mean() < 0.05
