"""No command writes over its own input."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from danpredict import models
from danpredict.model.zoo import find_model

from ..conftest import Image
from ..faces import write_dataset
from ..program import listed, refused_here

SMALLEST = min(models(), key=lambda name: find_model(name).stat().st_size)


@pytest.mark.parametrize(
    "options",
    [
        ["--out", "v.mp4"],
        ["--json", "v.mp4"],
        ["--out", "o.mp4", "--json", "./o.mp4"],
        ["--out", "linked.mp4"],
        ["--model", "m.dan", "--json", "m.dan"],
    ],
)
def test_track_never_writes_over_what_it_reads(
    options: list[str], clip: Path, tmp_path: Path
) -> None:
    shutil.copy(clip, tmp_path / "v.mp4")
    shutil.copy(find_model(SMALLEST), tmp_path / "m.dan")
    (tmp_path / "linked.mp4").symlink_to("v.mp4")
    before = listed(tmp_path)
    line = refused_here("track", "v.mp4", *options, folder=tmp_path)
    assert "would overwrite the input" in line or "expected different outputs" in line
    assert listed(tmp_path) == before


def test_no_command_writes_over_what_it_reads(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    shutil.copytree(dataset, folder)
    model = shutil.copy(find_model("slim68"), tmp_path / "m.dan")
    table = folder / "table.csv"
    header = ",".join(["file", *(f"{a}{i}" for i in range(68) for a in "xy")])
    table.write_text(f"{header}\nface_000.png{',1' * 136}\n")
    boxes = folder / "face_001.json"
    boxes.write_text('{"face_001.png": [170, 80, 270, 180]}')
    before = listed(tmp_path)
    convert = ["--from", "ibug68", "--to", "ibug68", "--out"]
    for arguments in (
        ["convert", table, *convert, table],
        ["convert", folder / "face_000.pts", *convert, folder / "face_000.pts"],
        ["relabel", "slim68", table, "--out", table],
        ["evaluate", "slim68", folder, "--boxes", boxes, "--out", boxes],
        ["evaluate", "slim68", folder, "--out", folder / "face_002.json"],  # and face_002.png
        ["export", model, "--int8", folder, "--out", model],
        ["train", folder, "--out", tmp_path / "run", "--init", tmp_path / "run" / "model.dan"],
    ):
        if "--init" in arguments:
            (tmp_path / "run").mkdir()
            shutil.copy(model, tmp_path / "run" / "model.dan")
            before = listed(tmp_path)
        assert "would overwrite the input" in refused_here(*arguments, folder=tmp_path), arguments
        assert listed(tmp_path) == before, arguments


def test_a_predictor_trained_on_a_file_is_not_written_over_it(tmp_path: Path) -> None:
    from danpredict import train_shape_predictor

    (tmp_path / "faces.xml").write_text("<dataset/>")
    with pytest.raises(ValueError, match="would overwrite the input"):
        train_shape_predictor(tmp_path / "faces.xml", tmp_path / "faces.xml")


def test_a_dataset_is_not_written_into_its_own_pictures(tmp_path: Path, astronaut: Image) -> None:
    write_dataset(tmp_path / "set", astronaut, np.full((68, 2), 200.0), count=2)
    line = refused_here("evaluate", "slim68", "set", "--out", "set/face_001.json", folder=tmp_path)
    assert "would overwrite the input set/face_001.png" in line
