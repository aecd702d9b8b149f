"""The convention of 68 landmarks: mirror table and groups."""

from __future__ import annotations

import pytest

from danpredict import convention


def test_mirror_is_an_involution_that_keeps_the_groups() -> None:
    layout = convention("ibug68")
    mirror, eyes = layout.mirror, layout.eyes
    assert mirror is not None
    assert eyes is not None
    assert [mirror[i] for i in mirror] == list(range(layout.size))
    assert sorted(i for group in layout.groups.values() for i in group) == list(range(layout.size))
    swapped = {name: sorted(mirror[i] for i in group) for name, group in layout.groups.items()}
    assert swapped["right_eye"] == list(layout.groups["left_eye"])
    assert swapped["right_brow"] == list(layout.groups["left_brow"])
    for part in ("jaw", "nose", "outer_lip", "inner_lip"):
        assert swapped[part] == list(layout.groups[part])
    assert mirror[eyes[0]] == eyes[1]


def test_unknown_conventions_are_refused() -> None:
    for name in ("ibug69", "boxes", "../pyproject"):
        with pytest.raises(ValueError, match="ibug68"):
            convention(name)
