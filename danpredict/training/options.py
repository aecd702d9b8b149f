"""The options of `danpredict.train_shape_predictor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass
from typing import Any


class OldName:
    """An attribute that has another name now. The old name works for one more release."""

    def __init__(self, new: str) -> None:
        self.new = new

    def __get__(self, instance: Any, owner: type) -> Any:
        return None if instance is None else getattr(instance, self.new)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(instance, self.new, value)


@dataclass
class shape_predictor_training_options:  # noqa: N801  # dlib's name
    """How to train. Options that dlib has too have dlib's names.

    Attributes
    ----------
    faces : int
        Number of augmented training faces. 100,000 take about twenty minutes on two cores.
    cascade_depth : int
        Number of stages. (dlib's default is 10, but its stages are much smaller.)
    oversampling_translation_jitter : float
        Standard deviation of the shift of the initial transform, in sides of the landmarks' box.
    random_seed : str
        Any text. The same text and data give the same model on the same machine.
    num_threads : int
        0 for all cores.
    be_verbose : bool
        Show a progress bar.
    mirror : sequence of int, optional
        ``mirror[i]`` is the index of the landmark that takes the place of landmark ``i`` in a
        mirrored picture. By default no pictures are mirrored.
    eyes : pair of int, optional
        Indices of the outer eye corners. Their distance normalises errors; by default half of the
        diagonal of the landmarks' box does.
    licence : str
        Licence of the new model, stored in its file.
    initial_weights : str, optional
        Name or file of a model whose weights the training starts from; random by default. Layers
        that depend on the landmarks start from random weights. ``start`` was its name in 0.2.0 and
        still works in this release.
    """

    faces: int = 100_000
    cascade_depth: int = 2
    oversampling_translation_jitter: float = 0.1
    random_seed: str = ""
    num_threads: int = 0
    be_verbose: bool = False
    mirror: Sequence[int] | None = None
    eyes: tuple[int, int] | None = None
    start: InitVar[str | None] = OldName("initial_weights")
    licence: str = "the terms of the training data apply"
    initial_weights: str | None = None

    def __post_init__(self, start: str | None) -> None:
        if start is not None and self.initial_weights is None:
            self.initial_weights = start

    def __setattr__(self, name: str, value: Any) -> None:
        # Without this, misspelt options and those of dlib's trees would have no effect.
        if name not in self.__dataclass_fields__:
            known = sorted(set(self.__dataclass_fields__) - {"start"})
            raise AttributeError(f"expected one of the options {known}, got {name!r}")
        object.__setattr__(self, name, value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():  # pickles of 0.2.0 have the old name
            setattr(self, name, value)
