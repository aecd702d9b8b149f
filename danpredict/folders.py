"""Align whole folders: in parallel, resumable, and no bad picture stops it."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import cv2
from tqdm import tqdm

from danpredict.chips import align_face
from danpredict.datasets import PICTURES, read_picture

LOG = "align.jsonl"  # a line per finished picture: what resuming goes by


class Job(NamedTuple):
    """What a worker process needs to know."""

    folder: Path
    out: Path
    template: str
    size: int | None
    model: str | None
    detector: str
    weights: Path | None


_worker: dict[str, Any] = {}


def _start_worker(job: Job) -> None:
    from danpredict.detectors import load_detector
    from danpredict.predictor import DANShapePredictor

    cv2.setNumThreads(1)
    _worker["job"] = job
    _worker["detector"] = load_detector(job.detector, weights=job.weights)
    _worker["predictor"] = DANShapePredictor(job.model, threads=1, steady=True)


def _write(path: Path, chip: Any) -> None:
    """All of the file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = chip if chip.ndim == 2 else chip[..., ::-1]
    partial = path.with_suffix(".partial")
    partial.write_bytes(cv2.imencode(".png", ordered)[1].tobytes())
    partial.replace(path)


def _align(name: str) -> dict[str, Any]:
    """Align one picture; its line of the log."""
    job: Job = _worker["job"]
    try:
        image = read_picture(job.folder / name, upright=True)
        dets = _worker["predictor"].predict(image, _worker["detector"](image))
        chips = []
        for i, det in enumerate(dets):
            chip, transform = align_face(image, det, job.template, job.size)
            path = job.out / Path(name).with_suffix("") / f"{i}.png"
            _write(path, chip)
            chips.append(
                {
                    "chip": path.relative_to(job.out).as_posix(),
                    "confidence": det.confidence,
                    "transform": transform.params[:2].round(6).tolist(),
                }
            )
    except (OSError, ValueError, RuntimeError, cv2.error) as error:
        return {"picture": name, "error": str(error)}
    return {"picture": name, "faces": chips}


def _finished(log: Path) -> dict[str, dict[str, Any]]:
    """Lines of the log by picture; a last line that was cut off does not count."""
    rows = {}
    if log.is_file():
        for line in log.read_text("utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # cut off, or empty
                continue
            rows[row["picture"]] = row
    return rows


def _results(job: Job, names: Sequence[str], processes: int) -> Iterator[dict[str, Any]]:
    if processes == 1:
        _start_worker(job)
        yield from map(_align, names)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start_worker, (job,)) as pool:
        yield from pool.map(_align, names, chunksize=4)


def align_folder(job: Job, processes: int | None = None) -> tuple[int, int, dict[str, str]]:
    """Cut the chips of all faces in all pictures of a folder and below.

    Chips are ``<picture without its ending>/<number>.png`` in ``out``; pictures that
    ``align.jsonl`` there lists as done are left out.

    Returns
    -------
    numbers of pictures and of faces, and the errors by picture; those of earlier runs included

    Raises
    ------
    FileNotFoundError
        No such folder, or no pictures in it.
    """
    if not job.folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, found no {job.folder}")
    names = [
        path.relative_to(job.folder).as_posix()
        for path in sorted(job.folder.rglob("*"))
        if path.suffix.lower() in PICTURES and job.out not in path.parents
    ]
    if not names:
        raise FileNotFoundError(f"expected pictures, found none in {job.folder}")
    job.out.mkdir(parents=True, exist_ok=True)
    log = job.out / LOG
    rows = {name: row for name, row in _finished(log).items() if name in names}
    left = [name for name in names if "faces" not in rows.get(name, {})]
    processes = min(processes or os.cpu_count() or 1, max(1, len(left)))
    with log.open("a", encoding="utf-8") as stream:
        stream.write("\n" if log.stat().st_size else "")  # after a line that was cut off
        for row in tqdm(_results(job, left, processes), "aligning", len(left), unit="picture"):
            rows[row["picture"]] = row
            stream.write(json.dumps(row) + "\n")
            stream.flush()
    errors = {name: row["error"] for name, row in rows.items() if "error" in row}
    return len(names), sum(len(row.get("faces", ())) for row in rows.values()), errors
