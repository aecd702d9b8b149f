"""ONNX Runtime's execution providers: which of its back ends compute a model's stages.

A provider computes the operations that it supports; the next one in the list takes the rest, and
the CPU provider comes last in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnxruntime

CPU = "CPUExecutionProvider"
Providers = tuple[tuple[str, dict[str, str]], ...]
CPU_ONLY: Providers = ((CPU, {}),)

# Which package brings a provider: read from the libraries inside the wheels, in November 2026.
PACKAGES = {
    "CUDAExecutionProvider": "onnxruntime-gpu",
    "DmlExecutionProvider": "onnxruntime-directml",
    "OpenVINOExecutionProvider": "onnxruntime-openvino",
    "TensorrtExecutionProvider": "onnxruntime-gpu",
}
COREML = "CoreMLExecutionProvider"  # in onnxruntime for macOS, since version 1.17


def as_providers(given: Any) -> Providers:
    """Names or pairs of name and options, in one form: pairs, with options as text.

    ONNX Runtime also turns every option into text.

    Raises
    ------
    ValueError
        Anything else, an empty list, or a provider twice.
    """
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValueError(
            f"expected a list of execution providers such as [{CPU!r}], got {given!r:.80}"
        )
    pairs = []
    for entry in given:
        pair = (entry, {}) if isinstance(entry, str) else entry
        if (
            not isinstance(pair, Sequence)
            or len(pair) != 2
            or not isinstance(pair[0], str)
            or not isinstance(pair[1], Mapping)
        ):
            raise ValueError(
                f"expected an execution provider as a name or as (name, options), got {entry!r:.80}"
            )
        pairs.append((pair[0], {str(key): str(value) for key, value in pair[1].items()}))
    names = [name for name, _ in pairs]
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"expected at least one execution provider, and each once, got {names!r:.80}"
        )
    return tuple(pairs)


def check_available(providers: Providers) -> None:
    """Check that the installed ONNX Runtime has all providers.

    Raises
    ------
    ValueError
        It lacks one. The message lists what it has, and the package that brings a known provider.
    """
    available = onnxruntime.get_available_providers()
    for name, _ in providers:
        if name not in available:
            raise ValueError(
                f"expected execution providers that are installed here ({', '.join(available)}), "
                f"got {name!r:.80}; {_advice(name)}"
            )


def _advice(name: str) -> str:
    """What to do about a provider that is missing."""
    if name == COREML:
        return "it is in the package onnxruntime for macOS only"
    if name in PACKAGES:
        return (
            f"it is in the package {PACKAGES[name]}, which replaces onnxruntime: "
            f"pip uninstall -y onnxruntime && pip install {PACKAGES[name]}"
        )
    return f"known names are {', '.join([CPU, COREML, *PACKAGES])}"


def check_started(session: onnxruntime.InferenceSession, providers: Providers) -> None:
    """Check that a session uses all providers that it was made with.

    ONNX Runtime prints a warning and continues without a provider that does not start, for example
    without CUDA's if the CUDA libraries are missing.

    Raises
    ------
    RuntimeError
        A provider did not start.
    """
    used = session.get_providers()
    missing = [name for name, _ in providers if name not in used]
    if missing:
        raise RuntimeError(
            f"expected ONNX Runtime to use {', '.join(missing)}, got {', '.join(used)}: the "
            "provider is installed but did not start. ONNX Runtime printed the reason above, often "
            "a missing driver or library. Remove the provider from the list to run without it"
        )
