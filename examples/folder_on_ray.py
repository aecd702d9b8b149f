"""Landmarks of all pictures in a folder, on the cores of one machine or a cluster, with Ray Data.

    pip install 'danpredict[dlib-bin,ray]'
    python examples/folder_on_ray.py photos --out landmarks

Ray reads the pictures (from disk, S3 or GCS), distributes them, restarts failed workers, and writes
JSON lines: one line per face, or a line with ``error`` for a picture that cannot be read. On a Ray
cluster, the same command uses all machines.
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
    """Finds the faces of a picture and their landmarks. Each Ray worker has one instance."""

    def __init__(self) -> None:
        import danpredict
        from danpredict.dlib_compat.detectors import frontal_face_detector

        cv2.setNumThreads(1)  # Ray distributes the cores
        self.detector = frontal_face_detector()
        self.predictor = danpredict.DANShapePredictor(threads=1)

    def __call__(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Return a row per face; ``row`` has ``path`` and ``bytes``."""
        image = cv2.imdecode(np.frombuffer(row["bytes"], np.uint8), cv2.IMREAD_COLOR_RGB)
        if image is None:
            return [face_row(row["path"], error="OpenCV cannot read this picture")]
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
    """One line of the result. Ray needs the same columns in all lines."""
    sides = [] if rect is None else [rect.left(), rect.top(), rect.right(), rect.bottom()]
    return {
        "path": path,
        "error": error,
        "rectangle": sides,
        "confidence": -1.0 if confidence is None else confidence,
        "landmarks": [[float(x), float(y)] for x, y in landmarks],
    }


def main(arguments: list[str] | None = None) -> int:
    """Process a folder."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("folder", help="folder, or address such as s3://bucket/photos")
    parser.add_argument("--out", default="landmarks", help="folder for the JSON lines")
    parser.add_argument("--workers", type=int, help="default: one per core")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    given = parser.parse_args(arguments)
    return run_program(
        "folder_on_ray.py",
        lambda: run(given),
        debug=given.debug,
        stopped="the output may be incomplete: run it again",
    )


def run(given: argparse.Namespace) -> int:
    """Process a folder. Returns 1 if pictures failed."""
    ray.init(ignore_reinit_error=True)
    resources: Callable[[], dict[str, float]] = ray.cluster_resources
    cores = int(resources()["CPU"])
    # Workers take 0.8 cores each: with whole cores, none would be left to read the pictures.
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
