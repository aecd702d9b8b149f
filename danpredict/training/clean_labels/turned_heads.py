"""Draw labelled faces with the head turned further: pictures, and a table of their meshes.

``python -m danpredict.training.clean_labels.turned_heads london/mesh.npz FOLDER --out turned``

FOLDER holds the pictures under the names that the table of meshes gives. Portraits mostly show the
front of a face. This tool rotates their meshes in three dimensions and moves the pixels along, with
rings of points for hair, ears and neck. Zhu et al., "Face Alignment Across Large Poses: A 3D
Solution", CVPR 2016, section 4, do the same with a morphable model. The labels are then exact, as
far as the mesh of the portrait is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from danpredict.files.pictures import check_below, read_picture
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.pose_fit import rotation_matrix
from danpredict.training.clean_labels.adapter import MeshAdapter
from danpredict.training.clean_labels.checks import FIVE_POINTS, check_face
from danpredict.training.clean_labels.head_surface import HeadSurface
from danpredict.training.clean_labels.mesh_table import MeshTable

YAWS = (15.0, 52.0)  # degrees of the drawn heads to either side; labels end at 55
LEAST_TURN = 5.0  # degrees that a turned head turns further; less only near the end of `YAWS`
PITCH = 15.0  # the most that is added, degrees up or down
FRONTAL = 8.0  # a face with a smaller yaw may be turned to both sides
PIVOT = np.array([0.0, 0.0, 0.7])  # in the middle of the head; head frame


def draw(
    image: Image, before: FloatArray, after: FloatArray, triangles: NDArray[np.int64]
) -> Image:
    """Move the pixels of a picture with a sheet of triangles; the nearest triangle is seen.

    Parameters
    ----------
    image : (H, W, 3) uint8
    before, after : (N, 3) float
        x and y in image pixels, depth away from the camera.
    triangles : (T, 3) int
        Pixels outside all triangles keep their values.
    """
    height, width = image.shape[:2]
    source = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    nearest = np.full((height, width), np.inf)
    for corners in triangles:
        (x, y), depth = after[corners, :2].T, after[corners, 2]
        left, right = max(int(np.ceil(x.min())), 0), min(int(x.max()), width - 1)
        top, bottom = max(int(np.ceil(y.min())), 0), min(int(y.max()), height - 1)
        twice_area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        if left > right or top > bottom or not twice_area:
            continue
        across, down = np.arange(left, right + 1) - x[0], np.arange(top, bottom + 1)[:, None] - y[0]
        second = (across * (y[2] - y[0]) - down * (x[2] - x[0])) / twice_area
        third = (down * (x[1] - x[0]) - across * (y[1] - y[0])) / twice_area
        shares = np.stack([1 - second - third, second, third], -1)  # barycentric coordinates
        here = shares @ depth
        window = (slice(top, bottom + 1), slice(left, right + 1))
        seen = (shares >= -1e-9).all(-1) & (here < nearest[window])
        nearest[window][seen] = here[seen]
        source[window][seen] = shares[seen] @ before[corners, :2]
    return np.asarray(
        cv2.remap(
            image, source[..., 0], source[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def turned(
    image: Image, mesh: FloatArray, adapter: MeshAdapter, surface: HeadSurface, angles: FloatArray
) -> tuple[Image, NDArray[np.float64]]:
    """The picture and the mesh (478, 3) of a face whose head turns by (yaw, pitch), degrees.

    Positive yaw turns the nose to the picture's right, positive pitch turns it down.
    """
    frame = adapter.head_frame(mesh)
    head = frame.to_head(mesh)
    yaw, pitch = np.radians(angles)
    rotation = rotation_matrix(np.array([0, -pitch, yaw]))  # for points in rows
    sheet = surface.extend(head)
    moved = (sheet - PIVOT) @ rotation + PIVOT
    still = slice(len(sheet) - len(surface.border), None)
    moved[still] = sheet[still]
    picture = draw(image, frame.to_image(sheet), frame.to_image(moved), surface.triangles)
    return picture, frame.to_image((head - PIVOT) @ rotation + PIVOT)


def angles_to_add(rng: np.random.Generator, yaw: float) -> NDArray[np.float64]:
    """Yaw and pitch, degrees, to add to a head with this yaw.

    A head never turns back: pixels that the picture does not show would come into view.
    """
    side = np.sign(yaw) if abs(yaw) > FRONTAL else rng.choice([-1.0, 1.0])
    least = max(YAWS[0], min(abs(yaw) + LEAST_TURN, YAWS[1] - LEAST_TURN))
    return np.array([side * rng.uniform(least, YAWS[1]) - yaw, rng.uniform(-PITCH, PITCH)])


def write_turned(
    table: MeshTable, pictures: Path, adapter: MeshAdapter, variants: int, out: Path
) -> MeshTable:
    """Draw ``variants`` pictures of each usable face; the table of the drawn ones.

    Usable are faces that the labels keep and that are turned by less than the largest yaw.
    """
    surface = HeadSurface.of(adapter.mean_mesh)
    (out / "images").mkdir(parents=True)
    rows, files, points5, meshes = [], [], [], []
    for row, name in enumerate(tqdm(table.files.tolist(), "turned heads", mininterval=10)):
        mesh = table.mesh[row].astype(np.float64)
        checks = check_face(
            mesh, table.spread[row], int(table.passes[row]), table.points5[row], adapter
        )
        if checks.reason() is not None or abs(checks.yaw) > YAWS[1] - LEAST_TURN:
            continue
        image = read_picture(check_below(pictures, pictures / name))
        rng = np.random.default_rng([row, 1])
        for variant in range(variants):
            picture, moved = turned(image, mesh, adapter, surface, angles_to_add(rng, checks.yaw))
            # `LabelledFace.photo` ignores the number: training or validation has all of a face.
            files.append(f"images/{Path(name).stem}_{variant}.jpg")
            cv2.imwrite(str(out / files[-1]), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            rows.append(row)
            meshes.append(moved)
            points5.append(np.stack([moved[list(points), :2].mean(0) for points in FIVE_POINTS]))
    return MeshTable(
        np.array(files),
        np.array(points5),
        np.array(meshes, np.float32),
        table.spread[rows],
        table.passes[rows],
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meshes", type=Path, help="the .npz table of meshes")
    parser.add_argument("pictures", type=Path, help="the folder of the table's pictures")
    parser.add_argument("--adapter", type=Path, help="JSON file; default: the one of danpredict")
    parser.add_argument("--variants", type=int, default=2, help="pictures of each face")
    parser.add_argument("--out", type=Path, required=True, help="the new folder to write")
    options = parser.parse_args()
    table, adapter = MeshTable.read(options.meshes), MeshAdapter.read(options.adapter)
    drawn = write_turned(table, options.pictures, adapter, options.variants, options.out)
    drawn.write(options.out / "mesh.npz")
    print(f"wrote {options.out}: {len(drawn.files)} pictures of {len(table.files)} faces")


if __name__ == "__main__":
    main()
