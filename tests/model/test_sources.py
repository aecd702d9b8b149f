"""The sources of models whose weights may be used commercially."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from danpredict.model import sources
from danpredict.model.sources import (
    ALLOWED,
    Provenance,
    check_sources,
    check_training,
    provenance_lines,
    read_provenance,
)
from danpredict.training.clean_labels.provenance import hash_files


@pytest.fixture(name="clean68")
def _clean68() -> Provenance:
    provenance = read_provenance("clean68")
    assert provenance is not None
    return provenance


def test_every_source_of_clean68_is_allowed(clean68: Provenance) -> None:
    clean68.check()
    assert {source.name for source in clean68.sources} == set(ALLOWED)
    assert all(len(source.sha256) == 64 and source.files for source in clean68.sources)


@pytest.mark.parametrize("name", ["300w", "lean68", "youtube_faces", "unlabelled", "SFHQ"])
def test_another_source_is_refused(clean68: Provenance, name: str, tmp_path: Path) -> None:
    extra = replace(clean68.sources[0], name=name)
    with pytest.raises(ValueError, match=f"got '{name}': its terms may bar commercial use"):
        check_sources([*ALLOWED, name])
    changed = replace(clean68, sources=(*clean68.sources, extra))
    with pytest.raises(ValueError, match="its terms may bar commercial use"):
        changed.write(tmp_path / "changed.json")
    assert not list(tmp_path.iterdir())


def test_another_licence_is_refused(clean68: Provenance) -> None:
    changed = replace(clean68.sources[0], licence="CC-BY-NC 4.0")
    with pytest.raises(ValueError, match=r"expected the licence 'MIT'.*got 'CC-BY-NC 4.0'"):
        replace(clean68, sources=(changed,)).check()


def test_a_run_is_checked_too() -> None:
    good = [{"name": "sfhq_t2i/labels.csv"}, {"name": "london/labels.csv"}]
    check_training({"data": good, "initial_weights": None})
    with pytest.raises(ValueError, match="got '300w'"):
        check_training({"data": [*good, {"name": "300w/afw"}], "initial_weights": None})
    with pytest.raises(ValueError, match="expected a run from random weights"):
        check_training({"data": good, "initial_weights": "ab12"})


def test_the_lines_name_every_source_and_every_limit(clean68: Provenance) -> None:
    text = "\n".join(provenance_lines(clean68))
    for source in clean68.sources:
        assert f"{source.name} ({source.licence})" in text
        assert source.sha256[:16] in text
    assert all(limit in text for limit in clean68.limits)
    assert all(name in text for name in clean68.not_used)


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean68: Provenance) -> None:
    assert read_provenance("lean68") is None
    monkeypatch.setattr(sources, "data_folder", lambda _: tmp_path)
    (tmp_path / "provenance").mkdir()
    path = tmp_path / "provenance" / "mine.json"
    clean68.write(path)
    assert read_provenance("mine") == clean68
    path.write_text('{"sources": []}', "utf-8")
    with pytest.raises(ValueError, match="expected the sources of a model"):
        read_provenance("mine")


def test_the_hash_changes_with_names_and_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    before = hash_files([first, second], tmp_path)
    assert hash_files([second, first], tmp_path) == before
    assert hash_files([first], tmp_path) != before
    second.write_bytes(b"3")
    assert hash_files([first, second], tmp_path) != before
