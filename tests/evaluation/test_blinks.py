"""Blinks: the report on made-up ratios, and marked frames of real clips where they are present."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from danpredict import DANShapePredictor, Tracker
from danpredict.detectors.load import load_detector
from danpredict.evaluation.blinks import blink_report
from danpredict.landmarks.convention import read_ranges
from danpredict.landmarks.openness import eye_aspect_ratio

from ..conftest import ROOT, Image, real_data

CLIPS = json.loads((ROOT / "tests" / "data" / "blinks.json").read_text("utf-8"))["clips"]


def test_a_blink_in_made_up_ratios() -> None:
    ratios = np.array([0.3, 0.32, 0.28, 0.2, 0.12, 0.16, np.nan, 0.3, 0.14, 0.3])
    report = blink_report(ratios, shut=(4, 5, 6), unclear=(3,))
    assert report == {
        "shut": 3,
        "open": 6,
        "open_median": 0.3,
        "shut_median": pytest.approx(0.14),
        "shut_highest": 0.16,
        "below_half": pytest.approx(100 / 3),
        "false_below_half": pytest.approx(100 / 6),
        "roc_auc": pytest.approx(11 / 12),
    }


def test_clips_without_blinks_and_wrong_numbers_are_refused() -> None:
    ratios = np.array([0.3, 0.1, np.nan])
    with pytest.raises(ValueError, match="0 to 2"):
        blink_report(ratios, [3])
    for shut, unclear in (([], []), ([0, 1, 2], []), ([2], []), ([1], [0])):
        with pytest.raises(ValueError, match="in shut and in open frames"):
            blink_report(ratios, shut, unclear)


def frames(path: Path) -> Iterator[Image]:
    """Of a clip, RGB; large ones at half size."""
    capture = cv2.VideoCapture(str(path))
    while True:
        there, frame = capture.read()
        if not there:
            return
        if len(frame) > 1000:
            frame = cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        yield np.ascontiguousarray(frame[..., ::-1]).astype(np.uint8)


@pytest.fixture(scope="module")
def clips() -> Path:
    return real_data("videos", "clips")


def frames_of(ranges: str) -> tuple[int, ...]:
    """Frame numbers as `tests/data/blinks.json` lists them."""
    return read_ranges(ranges, 1000)


@pytest.mark.parametrize("name", CLIPS)
def test_marked_frames_are_in_the_clip(name: str, clips: Path) -> None:
    clip = CLIPS[name]
    shut, unclear = set(frames_of(clip["shut"])), set(frames_of(clip["unclear"]))
    assert shut
    assert not shut & unclear
    assert sum(1 for _ in frames(clips / name)) == clip["frames"]
    assert max(shut | unclear) < clip["frames"]


@pytest.mark.parametrize("name", ["carphone.mp4", "obama.mp4", "talking_front.mp4"])
def test_a_blink_is_seen_with_the_default_smoothing(name: str, clips: Path) -> None:
    clip = CLIPS[name]
    small = name == "carphone.mp4"
    tracker = Tracker(detector=load_detector("dlib", upsample=int(small)))
    ratios = [
        float(eye_aspect_ratio(np.asarray(face.landmarks)))
        for (face,) in tracker.track(frames(clips / name))
    ]
    report = blink_report(np.array(ratios), frames_of(clip["shut"]), frames_of(clip["unclear"]))
    assert report["below_half"] == 100
    assert report["false_below_half"] == 0
    assert report["roc_auc"] > 0.99


def test_a_blink_is_seen_in_single_frames(clips: Path, predictor: DANShapePredictor) -> None:
    clip = CLIPS["talking_front.mp4"]
    (first, *_), detector = frames(clips / "talking_front.mp4"), load_detector("dlib")
    (box,) = detector(first)  # the head hardly moves in this clip
    ratios = [
        float(eye_aspect_ratio(np.asarray(predictor(frame, box).landmarks)))
        for frame in frames(clips / "talking_front.mp4")
    ]
    report = blink_report(np.array(ratios), frames_of(clip["shut"]), frames_of(clip["unclear"]))
    assert report["below_half"] == 100
    assert report["false_below_half"] == 0
