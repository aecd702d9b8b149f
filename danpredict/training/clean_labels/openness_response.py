"""Compare labels with exact landmarks on outlined faces whose eyes or mouths were warped.

``python -m danpredict.training.clean_labels.openness_response write london/mesh.npz
clean/london/template189.csv --out warped`` writes pictures, ``points5.csv`` and the exact landmarks
``truth.csv``. `danpredict.training.clean_labels.mediapipe_mesh` then writes their meshes, and
``... openness_response compare warped/mesh.npz warped/truth.csv`` prints a table.

The warped eyes look less real than the mouths, and MediaPipe follows them less than it follows
real eyes that shut. See the section "Openness of the labels" in ``docs/clean68.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danpredict.datasets.csv_table import read_csv, write_csv
from danpredict.evaluation.significance import RESAMPLES
from danpredict.files.outputs import write_text
from danpredict.files.pictures import read_picture
from danpredict.geometry.sampling import Image
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import convention
from danpredict.landmarks.normalisation import inter_ocular
from danpredict.landmarks.openness import (
    EYES,
    LID_PAIRS,
    LIP_PAIRS,
    eye_aspect_ratio,
    mouth_aspect_ratio,
    slope,
)
from danpredict.training.clean_labels.adapter import MeshAdapter
from danpredict.training.clean_labels.mesh_table import MeshTable
from danpredict.training.clean_labels.outline189 import MISSING, landmarks_of, read_outlines
from danpredict.training.openness_warps import close_eye, open_mouth

# Share of the gap between the lids that is closed, and mouth aspect ratios.
CLOSINGS = (-0.2, 0.4, 0.7, 1.0)
GAPS = (0.15, 0.3, 0.45, 0.6)
PARTS = {"eyes": (eye_aspect_ratio, LID_PAIRS), "mouth": (mouth_aspect_ratio, LIP_PAIRS)}


def warped(
    image: Image, landmarks: FloatArray, part: str, amount: float
) -> tuple[Image, NDArray[np.float64]]:
    """The picture (H, W, 3) and its landmarks (68, 2) after a warp of the eyes or the mouth.

    ``part`` and ``amount``: "eyes" and the share of the gap that is closed, "mouth" and the new
    aspect ratio, or "none".
    """
    height, width = image.shape[:2]
    side = max(height, width)
    square = np.pad(image, ((0, side - height), (0, side - width), (0, 0)), mode="edge")
    channels, moved = [], landmarks
    for channel in np.moveaxis(square, 2, 0):
        tile, moved = np.ascontiguousarray(channel), landmarks
        if part == "eyes":
            for eye in range(len(EYES)):
                tile, moved = close_eye(tile, moved, eye, amount)
        elif part == "mouth":
            tile, moved = open_mouth(tile, moved, amount)
        channels.append(tile[:height, :width])
    return np.stack(channels, -1).astype(np.uint8), np.asarray(moved, np.float64)


def write_faces(
    table: MeshTable, outlines: Path, adapter: MeshAdapter, count: int, out: Path
) -> None:
    """Write ``count`` outlined faces, unchanged and warped, with their tables, into a new folder.

    The outlines lack the inner corners of the lips; the adapter gives them.

    Raises
    ------
    FileExistsError
        The folder exists.
    """
    import cv2

    row_of = {name: row for row, name in enumerate(table.files.tolist())}
    names, points = read_outlines(outlines)
    # Evenly spaced, because the two sets of outlines follow each other in the table.
    chosen = np.unique(np.linspace(0, len(names) - 1, count).astype(int))
    variants = [("none", 0.0), *(("eyes", c) for c in CLOSINGS), *(("mouth", g) for g in GAPS)]
    files, truth = [], []
    rows = ["file," + ",".join(f"{axis}{i}" for i in range(5) for axis in "xy")]
    out.mkdir(parents=True)
    for index in chosen:
        row = row_of[names[index]]
        exact = landmarks_of(points[index])
        exact[list(MISSING)] = adapter.landmarks(table.mesh[row])[list(MISSING)]
        image = read_picture(outlines.parent / names[index])
        for part, amount in variants:
            picture, moved = warped(image, exact, part, amount)
            five = table.points5[row].copy()
            for eye, numbers in enumerate(EYES):
                five[eye] += (moved - exact)[list(numbers)].mean(0)
            files.append(out / f"{Path(names[index]).stem}_{part}_{amount:g}.png")
            cv2.imwrite(str(files[-1]), picture[..., ::-1])
            truth.append(moved)
            rows.append(f"{files[-1].name}," + ",".join(f"{v:.2f}" for v in five.ravel()))
    write_csv(out / "truth.csv", 68, files, truth)
    write_text(out / "points5.csv", "\n".join(rows) + "\n")


def line(found: FloatArray, true: FloatArray, *, seed: int = 0) -> tuple[float, ...]:
    """Slope, intercept, and 95 % bootstrap interval of the slope from true to found ratios.

    Parameters
    ----------
    found, true : (F, V) float
        V variants of F faces. The bootstrap draws faces, because variants of a face are alike.
    """
    fitted = slope(found.ravel(), true.ravel())
    drawn = np.random.default_rng(seed).integers(0, len(true), (RESAMPLES, len(true)))
    slopes = [slope(found[rows].ravel(), true[rows].ravel()) for rows in drawn]
    low, high = np.percentile(slopes, [2.5, 97.5])
    return fitted, float(found.mean() - fitted * true.mean()), float(low), float(high)


def response_lines(files: list[str], labels: FloatArray, truth: FloatArray) -> list[str]:
    """Mean ratios and errors by variant, and the line through all variants, for eyes and mouths.

    ``files`` (N,) are named as by `write_faces`; labels and truth (N, 68, 2), image pixels.
    """
    kinds = np.array([Path(name).stem.split("_")[-2:] for name in files])
    errors = np.linalg.norm(labels - truth, axis=-1)
    errors *= 100 / inter_ocular(truth, convention("ibug68"))[:, None]
    lines = []
    for part, (ratio, pairs) in PARTS.items():
        found, true = ratio(labels), ratio(truth)
        moved = errors[:, np.unique(pairs)].mean(1)
        amounts = sorted(set(kinds[kinds[:, 0] == part, 1].tolist()), key=float)
        groups = [kinds[:, 0] == "none", *((kinds == (part, a)).all(1) for a in amounts)]
        lines.append(f"{part:9}  true ratio  labelled  error of the landmarks, %")
        for name, members in zip(["unchanged", *amounts], groups, strict=True):
            values = (true[members].mean(), found[members].mean(), moved[members].mean())
            lines.append("{:>9} {:11.3f} {:9.3f} {:26.2f}".format(name, *values))
        x, y = (np.stack([values[members] for members in groups], 1) for values in (true, found))
        fitted, start, low, high = line(y, x)
        lines.append(
            f"slope {fitted:.2f} ({low:.2f} to {high:.2f}), intercept {start:.3f}, correlation "
            f"{np.corrcoef(x.ravel(), y.ravel())[0, 1]:.2f}, error {np.abs(x - y).mean():.3f}"
        )
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("write", "compare"))
    parser.add_argument("meshes", type=Path, help="the .npz table of meshes")
    parser.add_argument("table", type=Path, help="the outlines, or truth.csv")
    parser.add_argument("--adapter", type=Path, help="JSON file; default: the one of danpredict")
    parser.add_argument("--faces", type=int, default=60, help="number of faces to write")
    parser.add_argument("--out", type=Path, help="the new folder to write")
    options = parser.parse_args()
    meshes, adapter = MeshTable.read(options.meshes), MeshAdapter.read(options.adapter)
    if options.step == "write":
        if options.out is None:
            parser.error("expected --out FOLDER for the step 'write', got none")
        write_faces(meshes, options.table, adapter, options.faces, options.out)
        return
    truth = np.stack([face.landmarks for face in read_csv(options.table, 68)])
    labels = np.stack([adapter.landmarks(mesh) for mesh in meshes.mesh])
    print("\n".join(response_lines(meshes.files.tolist(), labels, truth)))


if __name__ == "__main__":
    main()
