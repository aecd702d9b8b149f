"""Landmarks of all pictures below a folder, on all cores of one machine or of many, by Ray Data.

    pip install 'danpredict[dlib-bin,ray]'
    python examples/folder_on_ray.py photos --out landmarks

Ray reads the pictures (folders on disk, S3, GCS), shares them out, starts again what fails, and
writes JSON lines: a line per face, or one with an ``error`` for a picture that cannot be read.
Started on a Ray cluster the same command uses all of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from danpredict.error_boundary import needed_by, run_program

with needed_by("folder_on_ray.py", "pip install 'danpredict[ray,dlib-bin]'"):
    import ray


PICTURES = ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff"]


class Landmarks:
    """Finds the faces of one picture and their landmarks; each of Ray's workers holds one."""

    def __init__(self) -> None:
        import danpredict
        from danpredict.dlib_compat.detectors import frontal_face_detector

        cv2.setNumThreads(1)  # the cores are Ray's to share out
        self.detector = frontal_face_detector()
        self.predictor = danpredict.DANShapePredictor(threads=1)

    def __call__(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of a picture's faces; ``row`` has ``path`` and ``bytes``."""
        image = cv2.imdecode(np.frombuffer(row["bytes"], np.uint8), cv2.IMREAD_COLOR_RGB)
        if image is None:
            return [face_row(row["path"], error="no picture that OpenCV can read")]
        rects = self.detector(image, 0)
        return [
            face_row(row["path"], det.rect, det.confidence, det.landmarks)
            for det in self.predictor.predict(image, rects)
        ]


def face_row(
    path: str,
    rect: Any = None,
    confidence: float | None = None,
    landmarks: Any = (),
    error: str = "",
) -> dict[str, Any]:
    """One line of the result; all lines have the same columns, as Ray wants it."""
    sides = [] if rect is None else [rect.left(), rect.top(), rect.right(), rect.bottom()]
    return {
        "path": path,
        "error": error,
        "rectangle": sides,
        "confidence": -1.0 if confidence is None else confidence,
        "landmarks": [[float(x), float(y)] for x, y in landmarks],
    }


def main(arguments: list[str] | None = None) -> int:
    """Run over a folder."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("folder", help="a folder, or an address such as s3://bucket/photos")
    parser.add_argument("--out", default="landmarks", help="folder for the JSON lines")
    parser.add_argument("--workers", type=int, help="by default as many as there are cores")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)
    return run_program(
        "folder_on_ray.py",
        lambda: run(given),
        debug=given.debug,
        stopped="the output may be incomplete: run it again",
    )


def run(given: argparse.Namespace) -> int:
    """Do what was asked for; 1 where pictures failed."""
    ray.init(ignore_reinit_error=True)
    resources: Callable[[], dict[str, float]] = ray.cluster_resources
    cores = int(resources()["CPU"])
    # Whole cores for the workers would leave none for reading, and everything would stand still.
    pictures = ray.data.read_binary_files(
        given.folder,
        include_paths=True,
        file_extensions=PICTURES,
        ray_remote_args={"num_cpus": 0.1},
    )
    workers = ray.data.ActorPoolStrategy(size=given.workers or cores)
    faces = pictures.flat_map(Landmarks, compute=workers, num_cpus=0.8).materialize()
    faces.write_json(given.out)
    failed = faces.filter(lambda row: bool(row["error"])).count()
    print(f"wrote {faces.count() - failed} faces to {given.out}; {failed} pictures failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
