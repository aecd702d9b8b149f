"""Align whole folders: in parallel, resumable, and no bad picture stops it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
from tqdm import tqdm

from danpredict.alignment.align import align_face
from danpredict.alignment.log import (
    LOG,
    Row,
    is_done,
    picture_stamp,
    read_log,
    remove_stale,
    write_log,
)
from danpredict.alignment.workers import start_worker
from danpredict.error_boundary import one_line
from danpredict.files.outputs import TEMPORARY, write_bytes
from danpredict.files.pictures import PICTURES, read_picture, skipped_pictures

AHEAD = 4  # pictures that wait for each worker


class Job(NamedTuple):
    """What a worker process needs to know."""

    folder: Path
    out: Path
    template: str
    size: int | None
    model: str | None
    detector: str
    weights: Path | None
    upsample: int = 0


class Aligned(NamedTuple):
    """What became of a folder.

    Attributes
    ----------
    pictures, faces : int
        Of this run and of earlier ones.
    made : int
        Pictures that this run aligned.
    errors : dict
        What is wrong with pictures that failed, by name.
    skipped : str
        Pictures in formats that are not read; see `danpredict.files.pictures.skipped_pictures`.
    """

    pictures: int
    faces: int
    made: int
    errors: dict[str, str]
    skipped: str


_worker: dict[str, Any] = {}


def _key(job: Job) -> str:
    """Changes with the options and with the model."""
    from danpredict.model.file import read_model
    from danpredict.model.zoo import default_model, find_model

    model = read_model(find_model(default_model() if job.model is None else job.model))
    weights = None if job.weights is None else hashlib.sha256(job.weights.read_bytes()).hexdigest()
    options = (job.template, job.size, job.detector, weights, job.upsample, model.info)
    return hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:16]


def _load(job: Job) -> None:
    """Load detector and predictor into this process."""
    from danpredict.boxes.detectors import load_detector
    from danpredict.predictor.predictor import DANShapePredictor

    _worker["job"] = job
    _worker["predictor"] = DANShapePredictor(job.model, threads=1, steady=True)
    _worker["detector"] = load_detector(job.detector, weights=job.weights, upsample=job.upsample)


def _start(job: Job) -> None:
    start_worker()
    cv2.setNumThreads(1)
    _load(job)


def _write_chip(path: Path, chip: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = chip if chip.ndim == 2 else chip[..., ::-1]
    write_bytes(path, cv2.imencode(".png", ordered)[1].tobytes())


def _align(name: str) -> Row:
    """Align one picture; its line of the log."""
    job: Job = _worker["job"]
    try:
        picture = job.folder / name
        stamp = picture_stamp(picture)
        image = read_picture(picture, upright=True)
        chips = []
        for i, det in enumerate(_worker["predictor"].predict(image, _worker["detector"](image))):
            chip, transform = align_face(image, det, job.template, job.size)
            path = job.out / name / f"{i}.png"  # a.jpg and a.png have folders of their own
            _write_chip(path, chip)
            chips.append(
                {
                    "chip": path.relative_to(job.out).as_posix(),
                    "confidence": det.confidence,
                    "transform": transform.params[:2].round(6).tolist(),
                }
            )
    except Exception as error:  # no picture may stop the others
        return {"picture": name, "error": one_line(error)}
    return {"picture": name, "stamp": stamp, "faces": chips}


def _results(job: Job, names: Sequence[str], processes: int) -> Iterator[Row]:
    if processes == 1:
        yield from map(_align, names)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _start, (job,))
    waiting: set[Future[Row]] = set()
    left = iter(names)
    try:
        while True:
            # A few at a time, as they come: one slow picture does not hold the others back.
            free = AHEAD * processes - len(waiting)
            waiting |= {pool.submit(_align, name) for name in islice(left, free)}
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker process ended, perhaps for lack of memory; the same command resumes, and "
            "takes less memory with fewer --processes"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _find_pictures(job: Job) -> tuple[list[str], str]:
    """Names of the pictures of a folder and below, and what was skipped; no chips of any run."""
    if not job.folder.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, found no {job.folder}")
    folder, out = job.folder.resolve(), job.out.resolve()
    if folder.is_relative_to(out):
        raise ValueError(f"expected an --out folder that does not hold the pictures, got {job.out}")
    files = sorted(job.folder.rglob("*"))
    outputs = {out} | {path.parent.resolve() for path in files if path.name == LOG}
    files = [path for path in files if not outputs & {path.resolve(), *path.resolve().parents}]
    names = [p.relative_to(job.folder).as_posix() for p in files if p.suffix.lower() in PICTURES]
    skipped = skipped_pictures(files)
    if not names:
        others = f" (OpenCV does not read {skipped})" if skipped else ""
        raise FileNotFoundError(f"expected pictures, found none in {job.folder}{others}")
    return names, skipped


def align_folder(job: Job, processes: int | None = None) -> Aligned:
    """Cut the chips of all faces in all pictures of a folder and below.

    Chips are ``<picture>/<number>.png`` in ``out``, such as ``a.jpg/0.png``. Folders that hold an
    ``align.jsonl`` are the output of a run, and left out.

    Raises
    ------
    FileNotFoundError
        No such folder, or no pictures in it.
    ValueError, ImportError, RuntimeError
        The output folder holds the pictures; the detector or the model cannot be loaded; a worker
        process ended.
    OSError
        The output folder cannot be written to.
    """
    names, skipped = _find_pictures(job)
    key = _key(job)
    job.out.mkdir(parents=True, exist_ok=True)
    log = job.out / LOG
    rows = read_log(log)
    left = [name for name in names if not is_done(rows.get(name, {}), key, job.folder, job.out)]
    if left:
        _load(job)  # in this process as well, so that an error is said once and before the work
    # A picture whose chips will be overwritten is no longer done, whatever happens next.
    before = {name: rows[name] for name in left if name in rows}
    rows |= {name: {k: v for k, v in row.items() if k != "key"} for name, row in before.items()}
    write_log(log, rows)
    processes = min(processes or os.cpu_count() or 1, max(1, len(left)))
    with log.open("a", encoding="utf-8") as stream:
        for row in tqdm(_results(job, left, processes), "aligning", len(left), unit="picture"):
            remove_stale(before.get(row["picture"]), row, job.out)
            rows[row["picture"]] = {"key": key, **row}
            stream.write(json.dumps(rows[row["picture"]]) + "\n")
            stream.flush()
    write_log(log, rows)
    _remove_temporary(job.out)
    mine = [rows[name] for name in names]
    return Aligned(
        len(names),
        sum(len(row.get("faces", ())) for row in mine),
        len(left),
        {row["picture"]: row["error"] for row in mine if "error" in row},
        skipped,
    )


def _remove_temporary(out: Path) -> None:
    """Remove what killed runs left behind; only one run may write to a folder at a time."""
    for path in out.rglob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)
