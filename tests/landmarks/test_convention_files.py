"""Which JSON files of ``adapters/`` are conventions, and that their keys are checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from danpredict.landmarks.convention import convention, conventions
from danpredict.resources import data_folder

OTHER_FILES = {"boxes", "templates"}
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
    yield tmp_path
    convention.cache_clear()


def test_every_shipped_file_is_a_convention_or_a_known_table() -> None:
    files = {path.stem for path in data_folder("adapters").glob("*.json")}
    assert set(conventions()) == files - OTHER_FILES
    assert files > OTHER_FILES


def test_other_json_files_are_no_conventions(adapters: Path) -> None:
    (adapters / "nose2.json").write_text(json.dumps(NOSE))
    for name, text in (("table", '{"dlib": {"size": 1}}'), ("list", "[]"), ("damaged", "{")):
        (adapters / f"{name}.json").write_text(text)
    assert conventions() == ["nose2"]
    assert convention("nose2").size == 2
    for name in ("table", "list", "../nose2", ""):
        with pytest.raises(ValueError, match=r"convention out of \['nose2'\], got"):
            convention(name)
    with pytest.raises(ValueError, match=r"expected JSON in .*damaged\.json"):
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
