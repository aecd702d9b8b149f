"""Libraries are silenced only for a while."""

from __future__ import annotations

import logging

import pytest

from danpredict.training.log_levels import ROOT, only_errors


@pytest.mark.parametrize("name", [ROOT, "torch.onnx"])
@pytest.mark.parametrize("level", [logging.NOTSET, logging.DEBUG])
def test_levels_are_restored(name: str, level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger(name)
    monkeypatch.setattr(logger, "level", level)
    with only_errors(name):
        assert logger.level == logging.ERROR
    assert logger.level == level
    with pytest.raises(ZeroDivisionError), only_errors(name):
        _ = 1 / 0
    assert logger.level == level
