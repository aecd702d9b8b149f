"""The README does as it says: its Python runs, its command lines run, its files are there."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

import danpredict
from danpredict.boxes.detectors import CNN_FILE
from danpredict.cli.main import main
from danpredict.datasets.dataset import read_folder
from danpredict.datasets.face import Labels
from danpredict.datasets.landmark_file import write_landmarks

from .conftest import ROOT, Image
from .faces import write_dataset
from .test_clients import needs

README = (ROOT / "README.md").read_text("utf-8")
FACES = 2
SMALL = (  # beside --config, so that the command for training is over in seconds
    'convention = "ibug68"\nregion = 1.5\n[network]\nwidths = [16, 16, 16, 16]\n'
    "blocks = [0, 1, 1, 1]\nhidden = 32\n[schedule]\nfaces = 48\nbatch = 8\n"
)


def commands(heading: str) -> list[list[str]]:
    """The words of every command below a heading, without remarks."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    block = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[0]
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory,
    predictor: danpredict.DANShapePredictor,
    astronaut: Image,
    rect: Any,
) -> Path:
    """A folder with all the files that the README speaks of, made of the astronaut."""
    folder = tmp_path_factory.mktemp("readme")
    landmarks = predictor(astronaut, rect).landmarks
    for name in ("outdoor", "afw", "helen/trainset", "lfpw/trainset"):
        write_dataset(folder / "300w" / name, astronaut, landmarks, FACES)
    (folder / "300w" / "hog_boxes.json").write_text("{}")
    write_dataset(folder / "photos", astronaut, landmarks, FACES)
    labels = [
        Labels(str(face.path.relative_to(folder)), face.landmarks)
        for face in read_folder(folder / "photos")
    ]
    for name in ("faces.csv", "faces.xml", "training.xml", "testing.xml"):
        write_landmarks(folder / name, labels)
    video = cv2.VideoWriter(
        str(folder / "talk.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (512, 512)
    )
    for _ in range(5):
        video.write(np.ascontiguousarray(astronaut[..., ::-1]))
    video.release()
    (folder / "small.toml").write_text(SMALL)
    return folder


def names_at_hand(image: Image, rect: Any) -> dict[str, Any]:
    """What a snippet may take for granted."""
    predictor = danpredict.DANShapePredictor()
    names: dict[str, Any] = {
        "danpredict": danpredict,
        "dlib": dlib,
        "image": image,
        "gray": cv2.cvtColor(image, cv2.COLOR_RGB2GRAY),
        "frames": [image] * 3,
        "rect": rect,
        "detector": dlib.get_frontal_face_detector(),
        "predictor": predictor,
        "detection": predictor(image, rect),
        "left": 179, "top": 83, "right": 266, "bottom": 170,
        "x": 179, "y": 83, "w": 88, "h": 88,
    }  # fmt: skip
    return names


def snippets() -> list[Any]:
    """Each a case; the one that trains takes long, and test_shape_training.py does the same."""
    return [
        pytest.param(
            text,
            id=text.splitlines()[0][:40],
            marks=[pytest.mark.slow] if "train_shape_predictor" in text else [],
        )
        for text in re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    ]


@pytest.mark.parametrize("snippet", snippets())
def test_snippets_run(
    snippet: str,
    files: Path,
    astronaut: Image,
    rect: Any,
    dlib_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the folder with the files; a training run is made shorter, and nothing else."""
    monkeypatch.chdir(files)
    names = names_at_hand(astronaut, rect)
    if "face_recognition" in snippet or "imutils" in snippet:
        package = "face_recognition" if "face_recognition" in snippet else "imutils"
        needs(package)
        prepare = f"import warnings; warnings.simplefilter('ignore'); import {package}.face_utils"
        prepare = prepare.replace("face_recognition.face_utils", "face_recognition")
        exec(prepare, names)
    if "mmod" in snippet:
        cnn = dlib.cnn_face_detection_model_v1(str(dlib_model.with_name(CNN_FILE)))
        names["mmod"] = cnn(astronaut[50:250, 120:320])[0]
    if "yunet" in snippet:
        needs("face_alignment")
        weights = ROOT.parent / "shared" / "data" / "detectors" / "yunet_n_dynamic.onnx"
        if not weights.is_file():
            pytest.skip(f"no weights of yunet: {weights}")
        shutil.copy(weights, files / "yunet.onnx")
    exec(compile(snippet.replace("100_000", "64"), "README.md", "exec"), names)
    if "shape = " in snippet:
        assert names["shape"].num_parts == 68
    if "train_shape_predictor" in snippet:
        assert danpredict.DANShapePredictor("mine.dan")(astronaut, rect).num_parts == 68


@pytest.mark.parametrize("words", commands("Command line"), ids=lambda words: words[1])
def test_command_lines_run(
    words: Sequence[str],
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(files)
    (files / "runs").mkdir(exist_ok=True)
    program, command, *arguments = words
    assert program == "danpredict"
    if command == "train":
        arguments += ["--config", "small.toml"]
    assert main([command, *arguments]) == 0, capsys.readouterr().err
    if "--out" in arguments:
        assert Path(arguments[arguments.index("--out") + 1]).exists()


def test_what_the_readme_names_is_there() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    examples = set(re.findall(r"python examples/(\w+)\.py", README))
    assert len(examples) > 5
    for example in examples:
        assert re.search(rf'"{example}(\.py)?"', tests), f"no test runs examples/{example}.py"
    links = re.findall(r"\]\(([\w./]+)\)", README)
    links += re.findall(r"`((?:danpredict|examples|adapters|weights)/[\w./-]+)`", README)
    assert len(links) > 20
    for link in links:
        assert (ROOT / link).exists(), link
