"""Programs killed with SIGKILL at random moments write no half file and then resume."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from danpredict import convention
from danpredict.datasets.face import FaceLandmarks
from danpredict.datasets.landmark_file import read_landmarks, write_landmarks
from danpredict.files.pictures import read_picture
from danpredict.model.file import read_model
from danpredict.video.files import Video, video_output

from ..conftest import Image
from ..faces import write_dataset
from .killing import Files, Work, digest, study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/stat").exists(), reason="finds the processes of a group in /proc"
    ),
]


PROGRAM = [sys.executable, "-m", "danpredict"]


# The same program, but a checkpoint is due every second.
OFTEN_SAVED = [
    sys.executable, "-c",
    "import sys, danpredict.training.trainer as trainer; trainer.CHECKPOINT_SECONDS = 1\n"
    "from danpredict.cli.main import main; sys.exit(main())",
]  # fmt: skip


TINY = """convention = "ibug68"
region = 1.3
[network]
widths = [16, 16, 16, 16]
blocks = [0, 1, 1, 1]
hidden = 32
[schedule]
faces = 192
batch = 8
"""


def read_aligned(folder: Path) -> Files:
    """Chips by their bytes, and the log's lines; its last one may be cut off by a kill."""
    found: Files = {}
    chips = (path for path in folder.rglob("[!.]*.png") if path.is_file())
    for chip in chips:
        read_picture(chip)
        found[chip.relative_to(folder).as_posix()] = digest(chip.read_bytes())
    log = folder / "align.jsonl"
    lines = log.read_text("utf-8").splitlines(keepends=True) if log.exists() else []
    for line in lines:
        if line.endswith("\n"):
            row = json.loads(line)
            found[f"line of {row['picture']}"] = digest(row)
    return found


def aligning(pictures: Path, processes: int) -> Work:
    def command(out: Path) -> list[str]:
        options = ["--processes", str(processes), "--model", "slim68"]
        return [*PROGRAM, "align", str(pictures), *options, "--out", str(out)]

    return Work(command, read_aligned)


def read_predicted(folder: Path) -> Files:
    """Tables and drawn copies by their bytes."""
    names = [folder / "f.csv", folder / "f.jsonl", *folder.glob("drawn/[!.]*.png")]
    return {path.name: digest(path.read_bytes()) for path in names if path.is_file()}


def predicting(pictures: Path, processes: int) -> Work:
    def command(out: Path) -> list[str]:
        files = ["--csv", str(out / "f.csv"), "--json", str(out / "f.jsonl")]
        options = ["--draw", str(out / "drawn"), "--jobs", str(processes), "--model", "slim68"]
        return [*PROGRAM, "predict", str(pictures), *files, *options]

    return Work(command, read_predicted)


def read_tracked(folder: Path) -> Files:
    found: Files = {}
    if (folder / "out.mp4").exists():
        video = Video(folder / "out.mp4")
        found["frames"] = digest([digest(frame.tobytes()) for frame in video])
        assert not video.missing
    if (folder / "out.jsonl").exists():
        rows = (folder / "out.jsonl").read_text("utf-8").splitlines()
        found["rows"] = digest([json.loads(row) for row in rows])
    return found


def tracking(video: Path) -> Work:
    def command(out: Path) -> list[str]:
        outputs = ["--out", str(out / "out.mp4"), "--json", str(out / "out.jsonl")]
        return [*PROGRAM, "track", str(video), *outputs]

    return Work(command, read_tracked)


def read_converted(folder: Path) -> Files:
    path = folder / "out.json"
    read_landmarks(path, convention("ibug51").size)
    return {path.name: digest(path.read_bytes())}


def converting(place: Path, faces: int) -> Work:
    rng = np.random.default_rng(0)
    source, old = place / "faces.json", place / "old.json"
    write_landmarks(
        source, [FaceLandmarks(f"{i}.jpg", rng.normal(0, 99, (68, 2))) for i in range(faces)]
    )
    write_landmarks(old, [FaceLandmarks("old.jpg", rng.normal(0, 99, (51, 2)))])

    def command(out: Path) -> list[str]:
        names = ["--from", "ibug68", "--to", "ibug51", "--out", str(out / "out.json")]
        return [*PROGRAM, "convert", str(source), *names]

    return Work(command, read_converted, old.read_bytes())


def read_trained(folder: Path) -> Files:
    """Rows of the log without the column ``seconds``, and the model's graphs."""
    import torch

    found: Files = {}
    if (folder / "run.json").exists():
        json.loads((folder / "run.json").read_text("utf-8"))
    if (folder / "checkpoint.pt").exists():
        torch.load(folder / "checkpoint.pt", weights_only=True)
    if (folder / "curves.png").exists():
        read_picture(folder / "curves.png")
    if (folder / "log.csv").exists():
        with (folder / "log.csv").open(newline="", encoding="utf-8") as stream:
            rows: list[dict[str, Any]] = list(csv.DictReader(stream, restkey="more"))
        for row in rows:
            assert None not in row.values()
            del row["seconds"]
            found[f"step {row['step']}"] = digest(row)
    if (folder / "model.dan").exists():
        found["graphs"] = digest(read_model(folder / "model.dan").info["graphs"])
    return found


def training(place: Path, dataset: Path) -> Work:
    config = place / "tiny.toml"
    config.write_text(TINY, "utf-8")

    def command(out: Path) -> list[str]:
        options = ["--config", str(config), "--threads", "1", "--validation", "0.3"]
        return [*OFTEN_SAVED, "train", str(dataset), *options, "--out", str(out)]

    return Work(command, read_trained)


@pytest.fixture(scope="module")
def face(astronaut: Image) -> Image:
    return np.ascontiguousarray(astronaut[20:260, 100:340])


def write_video(path: Path, face: Image, frames: int) -> None:
    with video_output(path, 25) as output:
        for i in range(frames):
            matrix = cv2.getRotationMatrix2D((120, 120), 8 * np.sin(i / 9), 1)
            output.write(np.asarray(cv2.warpAffine(face, matrix, (240, 240)), np.uint8))


@pytest.mark.parametrize("name", ["align", "predict", "track", "train", "convert"])
def test_killed_thirty_times(
    name: str, face: Image, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in ("align", "predict"):
        write_dataset(tmp_path / "pictures", face, np.full((68, 2), 120.0), count=120)
        work = {"align": aligning, "predict": predicting}[name](tmp_path / "pictures", 2)
    elif name == "track":
        write_video(tmp_path / "video.mp4", face, 250)
        work = tracking(tmp_path / "video.mp4")
    elif name == "train":
        work = training(tmp_path, dataset)
    else:
        work = converting(tmp_path, 1500)
    rounds = 5 if name == "train" else 10  # the longest of them resumes most often
    kills = study(work, tmp_path / name, rounds, each=30 // rounds)
    with capsys.disabled():
        print(
            f"\n{name}: {kills.kills} kills, {kills.working} of them when files were written; "
            f"{kills.seconds:.1f} s without a kill"
        )
    assert kills.kills == 30
    assert kills.working >= 5
    if name == "align":  # of the others, a kill may leave temporary files behind
        assert not list((tmp_path / name).rglob(".danpredict-*"))
