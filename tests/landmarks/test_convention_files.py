"""The JSON files of ``adapters/conventions/`` are conventions, and their keys are checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from danpredict.landmarks.convention import convention, conventions

NOSE: dict[str, Any] = {
    "size": 2,
    "source": "ours",
    "groups": {"nose": "0-1"},
    "eyes": None,
    "mirror": [0, 1],
    "taken": {"ibug68": {"points": [30, [27, 33]], "source": "ours"}},
}


@pytest.fixture
def adapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of adapters, and an empty cache of conventions."""
    monkeypatch.setattr("danpredict.landmarks.convention_files.data_folder", lambda _: tmp_path)
    convention.cache_clear()
    folder = tmp_path / "conventions"
    folder.mkdir()
    yield folder
    convention.cache_clear()


def test_every_file_of_the_folder_is_a_convention(adapters: Path) -> None:
    (adapters / "nose2.json").write_text(json.dumps(NOSE))
    (adapters.parent / "table.json").write_text("{}")
    assert conventions() == ["nose2"]
    assert convention("nose2").size == 2
    for name in ("table", "../table", "../conventions/nose2", ""):
        with pytest.raises(ValueError, match=r"convention out of \['nose2'\], got"):
            convention(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"expected JSON in .*damaged\.json"),
        ("[]", r"JSON object for .*damaged\.json, got \[\]"),
        ('{"dlib": {"size": 1}}', r"damaged\.json"),
    ],
)
def test_files_that_are_not_conventions_are_refused(
    text: str, message: str, adapters: Path
) -> None:
    (adapters / "damaged.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        convention("damaged")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mirrors": [0, 1]}, r"the unknown key 'mirrors'"),
        ({"source": ...}, r"expected the key 'source' in .*nose2\.json, got none"),
        ({"taken": []}, r"JSON object for 'taken' of .*nose2\.json, got \[\]"),
        ({"taken": {"ibug68": 3}}, r"JSON object for 'taken', 'ibug68' of .*nose2\.json, got 3"),
        (
            {"gives": {"ibug68": {"points": [], "source": "", "aproximate": ""}}},
            r"'gives', 'ibug68' of .*nose2\.json, got the unknown key 'aproximate'",
        ),
        (
            {"gives": {"ibug68": {"points": []}}},
            r"the key 'source' in 'gives', 'ibug68' of .*nose2\.json",
        ),
        ({"mirror": [1, 1]}, r"nose2\.json: expected a mirror table that pairs 2 landmarks"),
        ({"groups": {"nose": "0-2"}}, r"nose2\.json: expected landmarks below 2, got '0-2'"),
        ({"eyes": 7}, r"expected a landmark convention in nose2\.json"),
    ],
)
def test_damaged_convention_files_are_refused(
    change: dict[str, Any], message: str, adapters: Path
) -> None:
    data = {key: value for key, value in (NOSE | change).items() if value is not ...}
    (adapters / "nose2.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=message):
        convention("nose2")
