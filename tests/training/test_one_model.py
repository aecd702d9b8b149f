"""The command that writes pseudo-labels, from five points or coarse landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from danpredict import mirror
from danpredict.cascade.onnx_cascade import Cascade
from danpredict.cascade.outputs import Refined
from danpredict.cli.main import main
from danpredict.datasets.csv_table import read_csv
from danpredict.datasets.dataset import read_dataset, read_folder
from danpredict.datasets.face import LabelledFace
from danpredict.geometry.complex_similarity import Similarity
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.model.file import read_model
from danpredict.model.zoo import find_model
from danpredict.training.pseudo_labels.coarse import read_coarse, read_five_points
from danpredict.training.pseudo_labels.label import label_dataset
from danpredict.training.pseudo_labels.one_model import label_with_one_model

from ..conftest import Image
from ..faces import drawn_face
from ..labelling import LAYOUT, OTHERS, error, write_five


def test_labels_of_a_five_point_table_are_read_back(pictures: Path) -> None:
    truth = read_folder(pictures)
    table = write_five(pictures, truth)
    out = pictures.parent / "labels.csv"
    counts = label_dataset(["lean68", "slim68"], table, out, openness="slim68")
    assert (counts.faces, counts.kept) == (5, 5)
    new = read_csv(out, 68)
    assert [face.path for face in new] == [face.path for face in truth]
    assert out.read_text("utf-8").splitlines()[1].startswith("set/images/face_000.png,")
    for face, expected in zip(new, truth, strict=True):
        assert np.isfinite(face.landmarks[OTHERS]).all()
        assert error(face.landmarks, expected.landmarks) < 0.04


def test_a_face_whose_five_points_lie_elsewhere_is_dropped(pictures: Path) -> None:
    faces = read_folder(pictures)
    faces[2].landmarks[:] += 25
    table = write_five(pictures, faces)
    out = pictures / "labels.csv"
    assert label_dataset(["lean68", "slim68"], table, out).kept == 4
    names = [face.path.name for face in read_csv(out, 68)]
    assert names == [face.path.name for i, face in enumerate(faces) if i != 2]


def test_points_of_a_detector_may_lie_farther_off(pictures: Path) -> None:
    faces = read_folder(pictures)
    out = pictures / "labels.csv"
    eyes = inter_ocular(faces[2].landmarks[None], LAYOUT)[0]
    for off, by, expected in ((0.08, "yunet", 5), (0.08, "hand", 4), (0.16, "yunet", 4)):
        shift = off * eyes
        faces[2].landmarks[:, 0] += shift
        table = write_five(pictures, faces, by)
        faces[2].landmarks[:, 0] -= shift
        assert label_dataset(["slim68"], table, out).kept == expected


def test_the_command(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = write_five(pictures, read_folder(pictures)), pictures / "labels.csv"
    command = ["relabel", "lean68", str(table), "--out"]
    assert main([*command, str(out), "--teacher", "slim68", "--openness", "lean68"]) == 0
    assert "5 of 5 faces" in capsys.readouterr().out
    first = out.read_bytes()
    label_dataset(["lean68", "slim68"], table, out, "lean68")
    assert out.read_bytes() == first
    assert main([*command, str(out)]) == 0  # one model, from five points
    assert len(read_csv(out, 68)) == 5
    assert main([*command, str(out), "--openness", "slim68"]) == 2
    assert "expected one of ['lean68'] for --openness, got 'slim68'" in capsys.readouterr().err
    elsewhere = pictures.parent / "elsewhere"
    elsewhere.mkdir()
    assert main([*command, str(elsewhere / "labels.csv")]) == 2
    assert "expected pictures in the folder" in capsys.readouterr().err
    assert not list(elsewhere.iterdir())


def test_damaged_five_point_tables(pictures: Path) -> None:
    table = write_five(pictures, read_folder(pictures))
    good = table.read_text("utf-8")
    assert len(read_coarse(table, LAYOUT)) == 5
    table.write_text(good.replace("x4", "z4"), "utf-8")
    with pytest.raises(ValueError, match=r"expected the columns .* got no x4"):
        read_five_points(table, LAYOUT)
    table.write_text(good.rsplit(",", 1)[0], "utf-8")
    with pytest.raises(ValueError, match=r"five points .* in line 6"):
        read_five_points(table, LAYOUT)
    table.write_text(good.replace("face_003", "lost"), "utf-8")
    with pytest.raises(FileNotFoundError, match="lost"):
        read_five_points(table, LAYOUT)


def test_without_teachers_the_command_is_as_before(pictures: Path) -> None:
    out, expected = pictures / "labels.csv", pictures / "expected.csv"
    assert main(["relabel", "lean68", str(pictures), "--out", str(out)]) == 0
    model = read_model(find_model("lean68"))
    label_with_one_model(Cascade(model), read_dataset(pictures, 68), LAYOUT, expected)
    assert out.read_bytes() == expected.read_bytes()


def test_without_teachers_the_table_is_as_before(tmp_path: Path) -> None:
    """The noise of the initial transforms, and so the table, is that of version 0.2.0."""

    class Drawn:
        size, mean_shape = 112, drawn_face() / 2

        def refine(
            self, images: Sequence[Image], transforms: Sequence[SimilarityTransform]
        ) -> Refined:
            laid = np.stack([t.inverse(self.mean_shape) for t in transforms])
            laid[::2] += 9 * drawn_face()
            laid[1::2] += 9 * mirror(drawn_face(), "ibug68", 200)
            return Refined([laid / 10], None, None, [Similarity(1, 0)] * len(transforms))

    image = np.zeros((224, 200), np.uint8)
    face = LabelledFace(tmp_path / "face.png", drawn_face(), image=image)
    out = tmp_path / "labels.csv"
    cascade: Any = Drawn()
    assert label_with_one_model(cascade, [face], LAYOUT, out) == 1
    assert (
        out.read_text("utf-8")
        .splitlines()[1]
        .startswith(
            "face.png,66.63,99.68,67.46,111.41,69.99,122.69,74.13,133.10,79.71,142.22,86.52,149.71,"
        )
    )
