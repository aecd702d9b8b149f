"""The sources of models whose weights may be used commercially."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from danpredict.cli.main import main
from danpredict.model import sources
from danpredict.model.file import Model, pack, read_info, read_model
from danpredict.model.rounds import check_training
from danpredict.model.sources import (
    ALLOWED,
    Provenance,
    check_sources,
    provenance_lines,
    read_provenance,
)
from danpredict.model.zoo import find_model, model_names
from danpredict.training.clean_labels.provenance import DEFINITIONS, LIMITS, NOT_USED, hash_files

from ..conftest import ROOT

TEACHERS = ROOT / "weights" / "teachers"


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
    with pytest.raises(ValueError, match=r"expected random initial weights.*SHA-256 ab12"):
        check_training({"data": good, "initial_weights": "ab12"})


def _model(training: dict[str, Any], path: Path) -> str:
    """Write a model file with another ``training``; returns its SHA-256."""
    original = read_model(find_model("slim68"))
    info = {k: v for k, v in original.info.items() if k not in ("graphs", "format_version")}
    model: Model = pack({**info, "training": training}, original.graphs)
    path.write_bytes(model.data)
    return hashlib.sha256(model.data).hexdigest()


def test_a_run_may_start_from_an_earlier_run_that_passes(tmp_path: Path) -> None:
    data = [{"name": "london/labels.csv", "faces": 1}]
    files = [tmp_path / f"{i}.dan" for i in range(4)]
    first = _model({"data": data, "initial_weights": None}, files[0])
    second = _model({"data": data, "initial_weights": first}, files[1])
    third = {"data": data, "initial_weights": second}
    check_training(third, files[:2])
    check_training(third, files[1::-1])
    with pytest.raises(ValueError, match=f"expected random initial weights.*{second}"):
        check_training(third, files[:1])
    with pytest.raises(ValueError, match=f"SHA-256 {first}"):  # round 2 is there, round 1 is not
        check_training(third, files[1:2])
    bad = _model({"data": [{"name": "300w/afw", "faces": 1}], "initial_weights": None}, files[2])
    with pytest.raises(ValueError, match=r"expected initial weights of a run.*2\.dan.*got '300w'"):
        check_training({"data": data, "initial_weights": bad}, files[:3])
    silent = _model({}, files[3])
    with pytest.raises(ValueError, match=r"expected initial weights of a run.*3\.dan"):
        check_training({"data": data, "initial_weights": silent}, files)


def test_the_first_round_of_clean68_started_from_random_weights() -> None:
    if not TEACHERS.joinpath("clean68-1.dan").is_file():
        pytest.skip("the teachers are only in a checkout")
    training = read_info(TEACHERS / "clean68-1.dan")["training"]
    check_training(training)
    assert training["initial_weights"] is None


@pytest.mark.parametrize("name", model_names())
def test_a_model_that_is_not_for_research_only_has_a_register(name: str) -> None:
    """Its register and all its runs, back to random weights, name allowed sources only."""
    info = read_info(find_model(name))
    provenance = read_provenance(name)
    if "non-commercial" in info["licence"]:
        assert provenance is None
        with pytest.raises(ValueError, match="its terms may bar commercial use"):
            check_training(info["training"])
        return
    assert provenance is not None, f"{name} needs a file in weights/provenance"
    provenance.check()
    folders = {row["name"].split("/")[0] for row in info["training"]["data"]}
    assert folders <= {source.name for source in provenance.sources}
    earlier = sorted(TEACHERS.glob("*.dan"))
    if info["training"]["initial_weights"] is not None and not earlier:
        pytest.skip("the earlier rounds are only in a checkout")
    check_training(info["training"], earlier)


@pytest.mark.parametrize("path", sorted((ROOT / "weights" / "provenance").glob("*.json")))
def test_every_register_is_allowed(path: Path) -> None:
    provenance = read_provenance(path.stem)
    assert provenance is not None
    assert read_provenance(f"{path.stem}-int8") == provenance


@pytest.mark.parametrize("name", [name for name in model_names() if read_provenance(name)])
def test_info_prints_the_register(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    provenance = read_provenance(name)
    assert provenance is not None
    assert main(["info", name]) == 0
    output = capsys.readouterr().out
    assert "\n".join(provenance_lines(provenance)) in output
    assert "not legal advice" in output


def test_info_prints_no_register_for_another_model_of_that_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = read_model(find_model("slim68"))
    info = {k: v for k, v in model.info.items() if k not in ("graphs", "format_version")}
    path = tmp_path / "clean68.dan"
    path.write_bytes(pack({**info, "name": "clean68"}, model.graphs).data)
    assert main(["info", str(path)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("clean68: 68 landmarks")
    assert "sources of the weights" not in output


def test_the_register_is_the_one_that_the_command_writes(clean68: Provenance) -> None:
    assert clean68.limits == LIMITS
    assert clean68.not_used == NOT_USED
    registered = {source.name: source for source in clean68.sources}
    for name, origin, files, sha256, gave in DEFINITIONS:
        source = registered[name]
        assert (source.origin, source.files, source.sha256) == (origin, files, sha256)
        assert source.gave.endswith(gave)


def test_the_lines_name_every_source_and_every_limit(clean68: Provenance) -> None:
    text = "\n".join(provenance_lines(clean68))
    for source in clean68.sources:
        assert f"{source.name} ({source.licence})" in text
        assert f"files {source.files}, SHA-256 {source.sha256}" in text
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
