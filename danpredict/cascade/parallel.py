"""Refine many faces in batches, on several threads where that pays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from danpredict.cascade.onnx_cascade import Cascade
from danpredict.cascade.outputs import Face, Refined
from danpredict.cascade.refinement import Cascading
from danpredict.geometry.complex_similarity import Similarity
from danpredict.geometry.sampling import Image

BATCH = 16  # faces in one run of a stage: larger batches are not faster and need more memory
DEVICE_BATCH = 256  # the same on a GPU or another device
# A thread gets at least this many faces. For two faces, two threads took 1.6 times as long as one.
FACES_PER_THREAD = 8

Refinement = Callable[[Cascading, Sequence[Image], Sequence[Similarity]], Refined]


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def refine_in_batches(
    cascade: Cascading,
    images: Sequence[Image],
    transforms: Sequence[Similarity],
    refinement: Refinement,
    threads: int | None = None,
) -> Iterator[Face]:
    """Refine N faces in batches, which bounds the memory, on up to ``threads`` threads.

    Parameters
    ----------
    images : N images, (H, W) or (H, W, 3) uint8
    transforms : N initial transforms, image to canonical frame
    refinement : callable
        `refine_once`, or `refine_robustly` with its options bound.
    threads : int, optional
        All cores by default. A cascade that is not on the CPU uses one thread.
    """
    on_cpu = isinstance(cascade, Cascade) and cascade.on_cpu
    most = len(images) // FACES_PER_THREAD if on_cpu else 1
    threads = min(threads or available_cores(), most) if most > 1 else 1
    size = max(1, min(BATCH if on_cpu else DEVICE_BATCH, -(-len(images) // threads)))
    batches = [slice(first, first + size) for first in range(0, len(images), size)]
    if threads == 1 or not isinstance(cascade, Cascade):
        for batch in batches:
            refined = refinement(cascade, images[batch], transforms[batch])
            yield from refined.faces(cascade.target)
        return
    shared = cascade.in_turns()

    def refine(batch: slice) -> Refined:
        return refinement(shared, images[batch], transforms[batch])

    with ThreadPoolExecutor(threads) as pool:
        try:
            results = pool.map(refine, batches)
        except RuntimeError:
            # No thread can be started: the interpreter is shutting down, or the system has none.
            results = map(refine, batches)
        for refined in results:
            yield from refined.faces(cascade.target)
