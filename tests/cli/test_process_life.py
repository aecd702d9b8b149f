"""What happens around the work: Ctrl-C, shutdown, warnings, log levels and temporary files."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from danpredict.model.zoo import find_model

from ..conftest import ROOT, Image
from ..faces import write_dataset
from ..program import command, listed, write_video

CODE = """
import atexit, sys, threading, time
import numpy as np
import danpredict
from skimage import data
image = np.asarray(data.astronaut())
predictor = danpredict.DANShapePredictor(threads=2)
box = danpredict.rectangle(179, 83, 266, 170)
wanted = [d.landmarks for d in predictor.predict(image, [box] * 40)]

def late():
    found = [d.landmarks for d in predictor.predict(image, [box] * 40)]
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted))
    print("equal", flush=True)
"""


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", CODE + code], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "code",
    [
        "atexit.register(late)",
        "import weakref; late.__self = weakref.finalize(predictor, late)",
        "threading.Thread(target=lambda: (time.sleep(0.3), late())).start()",
        "threading._register_atexit(late) if hasattr(threading, '_register_atexit') else late()",
    ],
)
def test_many_faces_while_the_interpreter_ends(code: str) -> None:
    result = run(code, "-X", "dev", "-W", "error")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "equal\n"
    assert result.stderr == ""


def test_odd_arrays_raise_no_warnings() -> None:
    code = """
for picture in (
    np.ma.masked_less(image, 100), np.ma.masked_array(image, image > 5), (image / 255).astype("f2"),
    image.astype("f2"), np.ma.masked_array(image / 255.0), np.full((9, 9), 7, "f2"),
    np.zeros((0, 5), "f2"), image[::-1, ::-2], np.asfortranarray(image),
):
    landmarks = predictor(picture, box).landmarks
    assert np.isfinite(landmarks).all() and type(landmarks) is np.ndarray
for picture in (image + 0j, image.astype("c8"), np.full((9, 9), np.nan, "f2"),
                np.full((9, 9), np.inf, "f2"), np.ma.masked_all((9, 9)) + np.nan):
    try:
        predictor(picture, box)
    except RuntimeError:
        continue
    raise SystemExit("no error")
print("done")
"""
    result = run(code, "-X", "dev", "-W", "error")
    assert result.returncode == 0, result.stderr
    assert (result.stdout, result.stderr) == ("done\n", "")


def test_masked_pixels_count_as_they_are(astronaut: Image) -> None:
    from danpredict.image_input import as_image

    masked = np.ma.masked_less(astronaut, 100)
    assert type(as_image(masked)) is np.ndarray
    np.testing.assert_array_equal(as_image(masked), astronaut)


# -- log levels ----------------------------------------------------------------------------------


def test_export_and_int8_leave_log_levels_alone() -> None:
    import torch

    from danpredict.cascade.onnx_cascade import Cascade
    from danpredict.geometry.similarity import to_canonical_frame
    from danpredict.model.file import read_model
    from danpredict.model.network_config import NetworkConfig
    from danpredict.model.stage import Stage
    from danpredict.training.export import export_stage
    from danpredict.training.quantise import quantise_stage

    loggers = [logging.getLogger(), logging.getLogger("torch.onnx")]
    before = [logger.level for logger in loggers]
    config = NetworkConfig(widths=(16, 16), blocks=(1, 1), hidden=16)
    graph = export_stage(Stage(config, first=True, last=False), 16)
    assert [logger.level for logger in loggers] == before
    size = config.input_size
    feed = {"image": np.zeros((1, 1, size, size), np.float32)}
    assert onnx.load_from_string(quantise_stage(graph, [feed])).graph.node
    assert [logger.level for logger in loggers] == before
    assert Cascade(read_model(find_model("slim68"))).size == size
    assert to_canonical_frame(np.eye(2), size, 1.5).shape == (2, 2)
    assert torch.is_grad_enabled()


# -- Ctrl-C --------------------------------------------------------------------------------------


def stopped(words: list[str], folder: Path, ready: Path, number: int) -> tuple[int, str]:
    """Start a command, wait for a file of its, send a signal; exit code and standard error."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        words,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        # A shell that runs the tests in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not any(ready.parent.glob(ready.name)) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    if number == signal.SIGINT:  # as a terminal does: to all processes
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    error = process.communicate(timeout=60)[1]
    return process.returncode, error


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_training_saves_a_checkpoint_before_it_goes(dataset: Path, tmp_path: Path) -> None:
    import torch

    config = (ROOT / "danpredict" / "training" / "configs" / "slim.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(config.replace("batch = 64", "batch = 4"))
    words = ["train", str(dataset), "--out", "run", "--config", "own.toml", "--threads", "1"]
    code, error = stopped(command(*words), tmp_path, tmp_path / "run" / "run.json", signal.SIGINT)
    assert code == 130
    assert "Traceback" not in error
    assert "danpredict: stopped; checkpoint saved after " in error
    assert "the same command resumes from it" in error
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert state["step"] >= 1
    assert f"after {4 * state['step']} of" in error


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_align_stops_without_tracebacks_and_resumes(tmp_path: Path, astronaut: Image) -> None:
    small = np.ascontiguousarray(astronaut[20:260, 100:340])
    write_dataset(tmp_path / "photos", small, np.full((68, 2), 120.0), count=40)
    words = ["align", "photos", "--out", "chips", "--processes", "2"]
    # The first chip is there: the workers are at work.
    code, error = stopped(
        command(*words), tmp_path, tmp_path / "chips" / "face_009.png", signal.SIGINT
    )
    assert code == 130
    assert "Traceback" not in error
    assert "stopped; finished pictures are kept; run the same command to resume" in error
    resumed = subprocess.run(
        command(*words), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "faces of 40 pictures are in chips" in resumed.stdout
    assert "pictures aligned now: 40" not in resumed.stdout
    assert not list((tmp_path / "chips").rglob(".danpredict-*"))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_track_says_that_nothing_was_written(
    number: signal.Signals, tmp_path: Path, astronaut: Image
) -> None:
    write_video(tmp_path / "v.mp4", [astronaut] * 400)
    (tmp_path / "o.mp4").write_bytes(b"old")
    words = ["track", "v.mp4", "--out", "o.mp4", "--json", "o.jsonl"]
    code, error = stopped(command(*words), tmp_path, tmp_path / ".danpredict-*.mp4", number)
    assert code == 130
    assert error.splitlines()[-1] == "danpredict: stopped; nothing was written"
    assert "Traceback" not in error
    assert set(listed(tmp_path)) == {"v.mp4", "o.mp4"}
    assert (tmp_path / "o.mp4").read_bytes() == b"old"


def test_daemon_threads_that_end_in_time_do_no_harm() -> None:
    """The remedy that the README names: left in a call, they abort the process at shutdown."""
    code = """
ended = threading.Event()
def work():
    while not ended.is_set():
        predictor.predict(image, [box] * 4)
thread = threading.Thread(target=work, daemon=True)
thread.start()
atexit.register(lambda: (ended.set(), thread.join()))
"""
    result = run(code, "-X", "dev", "-W", "error")
    assert (result.returncode, result.stderr) == (0, "")
