"""The 68 landmarks on a made-up outline of 189 points, and the curves that they lie on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from danpredict.training.clean_labels import outline189
from danpredict.training.clean_labels.curves import arc_lengths, at_fractions, below, smooth_curve
from danpredict.training.clean_labels.outline189 import landmarks_of, read_outlines

from ..conftest import real_data
from .meshes import MIRROR68

FACE = [i for i in range(68) if i not in outline189.MISSING]


def _ellipse(
    centre: tuple[float, float], radii: tuple[float, float], degrees: NDArray[np.floating]
) -> NDArray[np.float64]:
    angle = np.radians(degrees)
    return np.stack([centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle)], 1)


@pytest.fixture(name="outline")
def _outline() -> NDArray[np.float64]:
    """A symmetric face around x = 100: a round jaw, round eyes, flat brows."""
    points = np.zeros((outline189.POINTS, 2))
    jaw = (*outline189.FIRST_CHEEK, outline189.CHIN, *outline189.SECOND_CHEEK)
    points[list(jaw)] = _ellipse((100, 90), (50, 70), np.linspace(195, -15, len(jaw)))
    for eye, x in ((outline189.FIRST_EYE, 75), (outline189.SECOND_EYE, 125)):
        points[list(eye[0])] = _ellipse((x, 90), (12, 6), np.linspace(180, 360, 5))
        points[list(eye[1])] = _ellipse((x, 90), (12, 6), np.linspace(0, 180, 5))
    for brow, left in ((outline189.FIRST_BROW, 60), (outline189.SECOND_BROW, 112)):
        for part, y in zip(brow, (70, 74), strict=True):
            points[list(part)] = np.stack(
                [np.linspace(left, left + 28, len(part)), [y] * len(part)], 1
            )
    for pair, y in ((outline189.BRIDGE_TOP, 90), (outline189.NOSE_TIP, 120)):
        points[list(pair)] = (95, y), (105, y)
    points[[64, 180, 55, 181, 69]] = (90, 126), (95, 126), (100, 128), (105, 126), (110, 126)
    points[list(outline189.OUTER_LIPS)] = _ellipse((100, 142), (18, 8), 180 + np.arange(12) * 30.0)
    for lip in (outline189.UPPER_INNER_LIP, outline189.LOWER_INNER_LIP[::-1]):
        points[list(lip)] = (94, 142), (100, 142), (106, 142)
    return points


def test_a_symmetric_outline_has_symmetric_landmarks(outline: NDArray[np.float64]) -> None:
    landmarks = landmarks_of(outline)
    assert np.flatnonzero(np.isnan(landmarks).all(1)).tolist() == list(outline189.MISSING)
    expected = (landmarks * (-1, 1) + (200, 0))[MIRROR68]
    assert np.allclose(landmarks[FACE], expected[FACE], atol=0.01)


def test_landmarks_follow_a_similarity(outline: NDArray[np.float64]) -> None:
    turn = 1.7 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    moved = landmarks_of(outline @ turn.T + (5, -9))
    assert np.allclose(moved[FACE], (landmarks_of(outline) @ turn.T + (5, -9))[FACE], atol=1e-6)


def test_the_jaw_is_even_and_starts_at_the_eyes(outline: NDArray[np.float64]) -> None:
    jaw = landmarks_of(outline)[:17]
    assert jaw[[0, 16], 1] == pytest.approx(90 + 0.06 * 74, abs=1e-6)  # the corners are 74 apart
    assert jaw[8] == pytest.approx((100, 160), abs=0.2)
    radius = np.hypot((jaw[:, 0] - 100) / 50, (jaw[:, 1] - 90) / 70)
    assert np.abs(radius - 1).max() < 0.01
    steps = np.linalg.norm(np.diff(jaw, axis=0), axis=1)
    assert np.ptp(steps) < 0.05 * steps.mean()


def test_brows_lie_between_their_edges(outline: NDArray[np.float64]) -> None:
    landmarks = landmarks_of(outline)
    # The edges, at 70 and 74, meet at the outer ends of the outline, which lie beyond the hair.
    assert landmarks[18:26, 1] == pytest.approx(72, abs=0.2)
    steps = np.linalg.norm(np.diff(landmarks[17:22], axis=0), axis=1)
    assert np.ptp(steps) < 0.05 * steps.mean()
    assert landmarks[[17, 26], 0] == pytest.approx((61.6, 138.4), abs=0.2)
    assert landmarks[[21, 22], 0] == pytest.approx((88, 112), abs=0.1)


def test_the_nose_leads_from_the_lids_to_the_lip(outline: NDArray[np.float64]) -> None:
    nose = landmarks_of(outline)[27:36]
    eyes = 74  # pixels between the outer corners, which are at the height of the pupils here
    assert nose[0] == pytest.approx((100, 90 - 0.05 * eyes))
    assert nose[3] == pytest.approx((100, 120))
    assert np.diff(nose[:4, 1]) == pytest.approx((120 - nose[0, 1]) / 3)
    below = np.array([126, 126.07, 128, 126.07, 126]) + 0.02 * eyes
    assert nose[4:, 0] == pytest.approx((90, 95.18, 100, 104.82, 110), abs=0.01)
    assert nose[4:, 1] == pytest.approx(below, abs=0.01)


def test_reading_a_table(tmp_path: Path, outline: NDArray[np.float64]) -> None:
    path = tmp_path / "outlines.csv"
    row = ",".join(f"{v:.3f}" for v in outline.ravel())
    path.write_text(f"file,...\na.webp,{row}\n", "utf-8")
    names, outlines = read_outlines(path)
    assert names == ["a.webp"]
    assert np.allclose(outlines[0], outline, atol=1e-3)
    path.write_text("file,...\na.webp,1,2\n", "utf-8")
    with pytest.raises(ValueError, match="378 numbers in line 2"):
        read_outlines(path)


def test_curves() -> None:
    circle = smooth_curve(_ellipse((0, 0), (10, 10), np.linspace(0, 180, 9)))
    assert arc_lengths(circle)[-1] == pytest.approx(10 * np.pi, rel=1e-3)
    assert at_fractions(circle, [0.5])[0] == pytest.approx((0, 10), abs=0.05)
    part = below(circle, circle[:, 1] - 6)
    assert part[[0, -1], 1] == pytest.approx(6)
    assert part[:, 1].min() == pytest.approx(6)
    assert np.array_equal(below(circle, circle[:, 1] + 1), circle)
    with pytest.raises(ValueError, match="positive heights"):
        below(circle, circle[:, 1] - 11)


def test_the_hand_made_outlines_give_faces() -> None:
    folder = real_data("clean", "clean pictures")
    names, outlines = read_outlines(folder / "london" / "template189.csv")
    assert len(set(names)) == len(names) == 142
    faces = np.stack([landmarks_of(outline) for outline in outlines])
    scale = np.linalg.norm(faces[:, 45] - faces[:, 36], axis=1)
    x, y = np.moveaxis(faces, -1, 0)
    assert (np.diff(x[:, 3:14]) > 0).all()  # the jaw leads from left to right
    assert (y[:, 8] == y[:, :17].max(1)).mean() > 0.8  # and its lowest landmark is the chin
    assert (np.diff(y[:, 27:31]) > 0).all()
    assert (y[:, 19] < y[:, 37]).all()
    assert (np.abs(y[:, [0, 16]] - y[:, [36, 45]]) < 0.2 * scale[:, None]).all()
    assert (x[:, 0] < x[:, 17]).all()
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46), (51, 57)):
        assert (y[:, upper] < y[:, lower]).all()
