"""The settings of a predictor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Options:
    """Everything a predictor was told besides its model; see `danpredict.DANShapePredictor`.

    Raises
    ------
    ValueError
        A setting of another type, or out of its range.
    """

    device: str = "cpu"
    threads: int | None = None
    max_sigma: float | None = None
    convention: str | None = None
    steady: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Check all settings. Pickle builds objects without ``__post_init__``, so it calls this."""
        threads, limit = self.threads, self.max_sigma
        if threads is not None and not (isinstance(threads, int | np.integer) and threads >= 1):
            raise ValueError(f"expected threads to be None or at least 1, got {threads!r:.80}")
        if limit is not None and not (isinstance(limit, int | float | np.number) and limit > 0):
            raise ValueError(f"expected max_sigma to be None or above 0, got {limit!r:.80}")
        if not isinstance(self.device, str):
            raise ValueError(f"expected a device such as 'cpu', got {self.device!r:.80}")
        if self.convention is not None and not isinstance(self.convention, str):
            raise ValueError(f"expected a convention's name, got {self.convention!r:.80}")
