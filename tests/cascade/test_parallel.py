"""Many faces, several threads, forked processes, large images: the same answers, bounded memory."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from danpredict import DANShapePredictor, rectangle
from danpredict.cascade.refinement import refine_robustly

from ..conftest import Image

FACES = 40  # more than one part for either of two threads


def rectangles(rect: Any, count: int) -> list[Any]:
    sides = np.array([rect.left(), rect.top(), rect.right(), rect.bottom()])
    moves = np.random.default_rng(0).integers(-8, 9, (count, 4))
    return [rectangle(*(sides + move).tolist()) for move in moves]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_change_nothing(astronaut: Image, rect: Any, threads: int) -> None:
    predictor, rects = DANShapePredictor("lean68", threads=threads), rectangles(rect, FACES)
    together = predictor.predict(astronaut, rects)
    assert [det.rect for det in together] == rects
    for det, single in zip(together, rects, strict=True):
        alone = predictor(astronaut, single)
        np.testing.assert_allclose(det.landmarks, alone.landmarks, atol=0.01)
        assert det.sigma is not None
        assert alone.sigma is not None
        np.testing.assert_allclose(det.sigma, alone.sigma, atol=0.01)


def test_predictors_of_a_model_share_it(predictor: DANShapePredictor) -> None:
    twins = [DANShapePredictor(threads=2), copy.deepcopy(predictor)]
    twins.append(pickle.loads(pickle.dumps(predictor)))
    assert all(twin._cascade is predictor._cascade for twin in twins)
    assert DANShapePredictor("lean68")._cascade is not DANShapePredictor("lean68-int8")._cascade


def _landmarks(
    predictor: DANShapePredictor, image: Image, sides: list[tuple[int, int, int, int]]
) -> Any:
    return [det.landmarks for det in predictor.predict(image, [rectangle(*s) for s in sides])]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_process_goes_on(astronaut: Image, rect: Any) -> None:
    """Threads do not survive a fork: a predictor that was used before must not wait for them."""
    predictor = DANShapePredictor(threads=2)
    sides = [(r.left(), r.top(), r.right(), r.bottom()) for r in rectangles(rect, FACES)]
    before = _landmarks(predictor, astronaut, sides)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.apply_async(_landmarks, (predictor, astronaut, sides)).get(timeout=60)
    np.testing.assert_allclose(found, before, atol=1e-4)


@pytest.mark.parametrize(("faces", "expected"), [(1, 1), (15, 1), (16, 2), (24, 3), (70, 3)])
def test_a_thread_is_worth_eight_faces(
    astronaut: Image, rect: Any, faces: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = DANShapePredictor(threads=3)
    threads: list[int] = []

    def refine(*arguments: Any, **options: Any) -> Any:
        threads.append(threading.get_ident())
        time.sleep(0.05)  # long enough for every thread to get its part
        return refine_robustly(*arguments, **options)

    monkeypatch.setattr("danpredict.predictor.predictor.refine_robustly", refine)
    assert len(predictor.predict(astronaut, rectangles(rect, faces))) == faces
    assert len(set(threads)) == expected


def peak_memory(predictor: DANShapePredictor, image: Image, rects: list[Any]) -> int:
    """Bytes that numpy and Python take at most during a call."""
    predictor.predict(image, rects[:1])
    tracemalloc.start()
    predictor.predict(image, rects)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_a_large_image_is_not_copied(
    predictor: DANShapePredictor, astronaut: Image, rect: Any
) -> None:
    large = np.pad(astronaut, ((0, 2500), (0, 3500), (0, 0)), "symmetric")
    assert large.size > 36e6
    assert peak_memory(predictor, large, [rect]) < 2e6
    here, there = predictor(astronaut, rect), predictor(large, rect)
    np.testing.assert_array_equal(here.landmarks, there.landmarks)


def test_memory_is_bounded(predictor: DANShapePredictor, astronaut: Image, rect: Any) -> None:
    few, many = (rectangles(rect, count) for count in (32, 320))
    # What grows are the detections alone, some 3 kilobytes each.
    grown = peak_memory(predictor, astronaut, many) - peak_memory(predictor, astronaut, few)
    assert grown < 320 * 8000


def test_threads_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        DANShapePredictor(threads=0)
