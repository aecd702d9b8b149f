"""Run MediaPipe's face mesh on a data set with five points per face, and write a `MeshTable`.

``python -m danpredict.training.clean_labels.mediapipe_mesh points5.csv --out mesh.npz``

This is the only module that imports MediaPipe (0.10.14, Apache-2.0). MediaPipe needs numpy 1, so
the module runs in an environment of its own.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danpredict.files.pictures import check_below
from danpredict.geometry.sampling import Image
from danpredict.training.clean_labels.face_frame import FaceFrame, crop_matrix, face_frame
from danpredict.training.clean_labels.mesh_table import MESH_POINTS, MeshTable

MIRROR = "mediapipe478"
SIDE = 384  # pixels of a crop; the face then fills about 150, more than MediaPipe's detector needs
# Each pass: side of the crop in units of the face, additional roll in degrees. All passes are also
# made in the mirrored crop.
PASSES = ((6.0, 0.0), (5.2, -8.0), (7.0, 8.0))
# For faces that fewer than `ENOUGH` of these passes find, mostly profiles.
MORE_PASSES = ((9.0, 0.0), (6.0, 20.0), (4.2, 0.0))
ENOUGH = 4
CONFIDENCE = 0.2  # of MediaPipe's detector: each crop has a face, so a low limit is right

FindMesh = Callable[[Image], NDArray[np.float64] | None]


def mediapipe_mesh() -> FindMesh:
    """A function from a crop (H, W, 3), RGB, to its mesh (478, 3) in crop pixels, or None."""
    import mediapipe

    network = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True,
        max_num_faces=1,
        refine_landmarks=True,
        min_detection_confidence=CONFIDENCE,
    )

    def find(crop: Image) -> NDArray[np.float64] | None:
        faces = network.process(crop).multi_face_landmarks
        if not faces:
            return None
        points = np.array([(p.x, p.y, p.z) for p in faces[0].landmark])
        height, width = crop.shape[:2]
        # MediaPipe's coordinates start at the edge of the first pixel, ours at its centre.
        return np.asarray(points * (width, height, width) - (0.5, 0.5, 0), np.float64)

    return find


def one_pass(
    find: FindMesh,
    image: Image,
    frame: FaceFrame,
    units: float,
    degrees: float,
    mirror: list[int] | None,
) -> NDArray[np.float64] | None:
    """The mesh (478, 3) of one crop, x and y in image pixels, depth with a mean of 0."""
    matrix = crop_matrix(frame, SIDE, units, np.radians(degrees), mirror is not None)
    crop = cv2.warpAffine(
        image,
        matrix,
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    mesh = find(np.ascontiguousarray(crop))
    if mesh is None:
        return None
    if mirror is not None:
        mesh = mesh[mirror]
    linear, shift = matrix[:, :2], matrix[:, 2]
    scale = np.sqrt(abs(np.linalg.det(linear)))
    points = (mesh[:, :2] - shift) @ np.linalg.inv(linear).T
    return np.column_stack([points, (mesh[:, 2] - mesh[:, 2].mean()) / scale])


def passes(
    find: FindMesh, image: Image, frame: FaceFrame, mirror: list[int]
) -> list[NDArray[np.float64]]:
    """The meshes of all passes that find the face."""
    found: list[NDArray[np.float64]] = []
    for schedule in (PASSES, MORE_PASSES):
        if len(found) >= ENOUGH:
            break
        for units, degrees in schedule:
            for order in (None, mirror):
                mesh = one_pass(find, image, frame, units, degrees, order)
                if mesh is not None:
                    found.append(mesh)
    return found


def _picture(path: Path) -> Image:
    """The picture (H, W, 3), RGB. MediaPipe's OpenCV lacks what `read_picture` needs."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"expected a picture, got {path}")
    return np.ascontiguousarray(image[..., ::-1], np.uint8)


def read_points5(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """The pictures' names and points (N, 5, 2) of a table ``file,...,x0,y0,...,x4,y4``."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    names = [f"{axis}{i}" for i in range(5) for axis in "xy"]
    points = [[float(row[name]) for name in names] for row in rows]
    return [row["file"] for row in rows], np.array(points).reshape(-1, 5, 2)


def mesh_table(points5: Path, find: FindMesh, mirror: list[int]) -> MeshTable:
    """Run all passes on all faces of a table of five points."""
    files, points = read_points5(points5)
    count = len(files)
    mesh = np.full((count, MESH_POINTS, 3), np.nan, np.float32)
    spread = np.full((count, MESH_POINTS), np.nan, np.float32)
    numbers = np.zeros(count, np.int64)
    for i, name in enumerate(tqdm(files, unit="face", mininterval=10)):
        image = _picture(check_below(points5.parent, points5.parent / name))
        frame = face_frame(points[i])
        found = passes(find, image, frame, mirror)
        numbers[i] = len(found)
        if found:
            mesh[i] = np.median(found, axis=0)
            off = np.stack(found)[..., :2] - mesh[i, :, :2]
            spread[i] = np.sqrt((off**2).sum(-1).mean(0)) / frame.unit
    return MeshTable(np.array(files), points, mesh, spread, numbers)


def main() -> None:
    """The command line."""
    from danpredict.landmarks.convention import convention

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("points5", type=Path, help="table of five points, beside its pictures")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    options = parser.parse_args()
    mirror = list(convention(MIRROR).mirror or ())
    table = mesh_table(options.points5, mediapipe_mesh(), mirror)
    table.write(options.out)
    found = int((table.passes > 0).sum())
    print(f"wrote {options.out}: MediaPipe found {found} of {len(table.files)} faces")


if __name__ == "__main__":
    main()
