"""Check the runs of a model whose weights may be used commercially, back to random weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from danpredict.model.file import unpack
from danpredict.model.sources import check_sources


def check_training(training: Mapping[str, Any], earlier: Sequence[Path] = ()) -> None:
    """Check a run, and the runs whose weights it started from.

    A run may start from random weights. It may also start from the model of an earlier run that
    passes this check. The SHA-256 in the run's description says which file that was.

    Parameters
    ----------
    training : mapping
        The entry ``training`` of a ``run.json`` or of a model's description.
    earlier : paths
        Model files of earlier runs, such as those in ``weights/teachers/`` of a checkout.

    Raises
    ------
    ValueError
        A data set's folder is not named as a source in `danpredict.model.sources.ALLOWED`. Or the
        run started from weights that are in none of the earlier files, or from those of a run that
        fails this check.
    RuntimeError
        The earlier file that the run started from is not a model file.
    """
    check_sources(row["name"].split("/")[0] for row in training["data"])
    initial = training.get("initial_weights")
    if initial is None:
        return
    for path in earlier:
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == initial:
            try:
                # This ends: no file contains its own hash.
                check_training(unpack(data, str(path)).info["training"], earlier)
            except (ValueError, LookupError) as error:
                raise ValueError(
                    f"expected initial weights of a run whose sources are all allowed, got {path}: "
                    f"{error}"
                ) from error
            return
    raise ValueError(
        "expected random initial weights, or those of an earlier run out of "
        f"{[str(path) for path in earlier]}, got initial weights with the SHA-256 {initial}: name "
        "the file of the earlier run, or train again without --initial-weights"
    )
