"""Command lines: random values for all options, with files that are sound, damaged or missing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path

import matplotlib.figure  # noqa: F401  # imported before the time limit of an input starts

from danpredict.cli.main import main
from danpredict.model.zoo import find_model

from ..faces import write_pts
from .command_tables import COMMANDS, CONFIG, FLAGS, NEEDED
from .harness import Rng
from .landmark_files import FACES, RECTANGLES, csv_bytes, picture_bytes, pts_bytes, xml_bytes
from .mutations import damaged, pick
from .shared import SIDES, SMALLEST, face_picture, model, predictor
from .videos import video_bytes

GOOD = 0.75  # chance of the value that works


def write_files(rng: Rng, folder: Path) -> None:
    """Everything that the command lines name and that is not missing."""
    pictures = folder / "pictures"
    pictures.mkdir()
    for name in ("a.png", "b.png"):
        (pictures / name).write_bytes(picture_bytes(200))
        (folder / name).write_bytes(picture_bytes())
    (pictures / "broken.jpg").write_bytes(damaged(rng, picture_bytes()))
    (folder / "faces").mkdir()
    (folder / "faces/a.png").write_bytes(picture_bytes(200))
    write_pts(folder / "faces/a.pts", predictor()(face_picture(), SIDES).landmarks)
    contents = {
        "a.pts": pts_bytes(), "pictures/a.pts": pts_bytes(), "table.csv": csv_bytes(),
        "labels.xml": xml_bytes(), "labels.json": json.dumps(FACES).encode(),
        "boxes.json": json.dumps(RECTANGLES).encode(), "empty": b"", "garbage": rng.bytes(300),
        "config.toml": CONFIG.encode(), "video.mp4": video_bytes(".mp4"),
        "broken.mp4": damaged(rng, video_bytes(".mp4")), "broken.dan": model().data[:-1000],
    }  # fmt: skip
    for name, data in contents.items():
        (folder / name).write_bytes(data)


def command_line(rng: Rng) -> tuple[list[str], list[str]]:
    """A command line, and the values in it that name inputs."""
    command = pick(rng, list(COMMANDS))
    words, inputs = [command], []
    for option, values in COMMANDS[command].items():
        chance = 0.97 if not option.startswith("-") or option in NEEDED else 0.3
        if rng.random() < chance:
            value = values[0] if rng.random() < GOOD else pick(rng, values)
            words += [option, value] if option.startswith("-") else [value]
            if option not in ("--out", "--json"):
                inputs.append(value.partition("=")[0])
    if rng.random() < 0.15:
        words.insert(int(rng.integers(len(words) + 1)), pick(rng, FLAGS))
    return words, inputs


def _digests(inputs: Sequence[str]) -> dict[str, str]:
    """Of the files, and of those in the folders, that are inputs."""
    found: dict[str, str] = {}
    for name in filter(None, inputs):
        path = Path(name) if os.path.exists(name) else Path("missing")  # noqa: PTH110, no limit
        files = path.rglob("*") if path.is_dir() else [path]
        found |= {str(f): sha256(f.read_bytes()).hexdigest() for f in files if f.is_file()}
    return found


def _check(words: Sequence[str], code: int, errors: str) -> None:
    """0, or 2 with one line; of argparse's own errors the usage comes before it."""
    assert code in (0, 2), (words, code, errors)
    assert "unexpected" not in errors, (words, errors)
    if "--debug" not in words:
        assert "Traceback" not in errors, (words, errors)
        # Progress bars and the pictures that failed have lines of their own.
        said = [line for line in errors.splitlines() if line.startswith("danpredict")]
        assert len(said) == (code == 2), (words, errors)


def _run_here(words: Sequence[str]) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as end:  # argparse's
            code = int(end.code or 0)
    return code, err.getvalue()


def _run_program(words: Sequence[str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "danpredict", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, env=environment
    )
    return done.returncode, done.stderr


def _case(rng: Rng, folder: Path, *, program: bool) -> None:
    write_files(rng, folder)
    words, inputs = command_line(rng)
    before, there = Path.cwd(), Path(find_model(SMALLEST)).stat().st_mtime_ns
    os.chdir(folder)
    try:
        digests = _digests(inputs)
        code, errors = (_run_program if program else _run_here)(words)
        _check(words, code, errors)
        assert _digests(inputs).items() >= digests.items(), words
        assert not list(folder.rglob(".danpredict-*")), words
    finally:
        os.chdir(before)
    assert Path(find_model(SMALLEST)).stat().st_mtime_ns == there


def case(rng: Rng, folder: Path) -> None:
    """A command line in this process."""
    _case(rng, folder, program=False)


def program_case(rng: Rng, folder: Path) -> None:
    """A command line as a program of its own."""
    _case(rng, folder, program=True)
