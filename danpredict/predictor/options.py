"""The settings of a predictor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from danpredict.cascade.providers import CPU, CPU_ONLY, Providers, as_providers


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
    providers: Providers | None = None  # None is the CPU provider

    @property
    def onnx_providers(self) -> Providers:
        """The execution providers for ONNX Runtime; see `as_providers` for errors."""
        return CPU_ONLY if self.providers is None else as_providers(self.providers)

    @property
    def on_cpu(self) -> bool:
        """Whether the CPU computes: no torch device, and the CPU provider is the first one."""
        return self.device == "cpu" and self.onnx_providers[0][0] == CPU

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
        names = None if self.providers is None else [name for name, _ in self.onnx_providers]
        if names is not None and self.device != "cpu":
            raise ValueError(
                f"expected providers or a torch device, got device {self.device!r:.80} and "
                f"providers {names}. Leave out `device` to use ONNX Runtime's providers"
            )
