"""Write a table of labels from a table of meshes.

``python -m danpredict.training.clean_labels.label mesh.npz --out FOLDER/labels.csv``

FOLDER holds the pictures under the names that the table of meshes gives.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danpredict.datasets.csv_table import write_csv
from danpredict.files.outputs import check_outputs
from danpredict.files.pictures import check_below, read_picture
from danpredict.training.clean_labels.adapter import MeshAdapter
from danpredict.training.clean_labels.checks import check_face, landmark_spread, without_doubts
from danpredict.training.clean_labels.duplicates import chip, duplicates
from danpredict.training.clean_labels.mesh_table import MeshTable
from danpredict.training.clean_labels.outline189 import MISSING, landmarks_of, read_outlines

KEPT = "kept"


def label_face(
    table: MeshTable, row: int, size: tuple[int, int], adapter: MeshAdapter
) -> tuple[NDArray[np.float64] | None, str]:
    """Landmarks (68, 2) of a face, image pixels, and `KEPT`; or None and the reason.

    ``size`` is the width and the height of the picture.
    """
    mesh, spread = table.mesh[row].astype(np.float64), table.spread[row].astype(np.float64)
    checks = check_face(mesh, spread, int(table.passes[row]), table.points5[row], adapter)
    reason = checks.reason()
    if reason is not None:
        return None, reason
    try:
        landmarks = adapter.landmarks(mesh)
    except ValueError:
        return None, "no edge from chin to eyes"
    doubts = landmark_spread(landmarks, mesh, spread, adapter)
    return without_doubts(landmarks, doubts, *size), KEPT


def label_faces(
    table: MeshTable, pictures: Sequence[Path], adapter: MeshAdapter
) -> tuple[list[NDArray[np.float64] | None], list[str]]:
    """For each face its landmarks (68, 2) or None, and `KEPT` or why it was dropped."""
    landmarks: list[NDArray[np.float64] | None] = []
    reasons: list[str] = []
    chips: dict[int, NDArray[np.float64]] = {}
    for row, picture in enumerate(pictures):
        image = read_picture(picture)
        points, reason = label_face(table, row, (image.shape[1], image.shape[0]), adapter)
        landmarks.append(points)
        reasons.append(reason)
        if points is not None:
            mesh = table.mesh[row].astype(np.float64)
            chips[row] = chip(image, mesh[:, :2], 1 / adapter.head_frame(mesh).scale)
    for row, same in zip(chips, duplicates(list(chips.values())), strict=True):
        if same:
            landmarks[row], reasons[row] = None, "near duplicate"
    return landmarks, reasons


def with_outlines(
    landmarks: list[NDArray[np.float64] | None], files: list[str], outlines: Path
) -> int:
    """Replace landmarks by those of hand-made outlines, in place; returns the number of faces.

    The outlines lack the inner corners of the lips, which stay as they are.
    """
    names, points = read_outlines(outlines)
    row_of = {name: row for row, name in enumerate(files)}
    count = 0
    for name, outline in zip(names, points, strict=True):
        row = row_of.get(name)
        if row is not None:
            exact, before = landmarks_of(outline), landmarks[row]
            if before is not None:
                exact[list(MISSING)] = before[list(MISSING)]
            landmarks[row] = exact
            count += 1
    return count


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meshes", type=Path, help="the .npz table of meshes")
    parser.add_argument("--outlines", type=Path, help="a table of hand-made outlines to prefer")
    parser.add_argument("--adapter", type=Path, help="JSON file; default: the one of danpredict")
    parser.add_argument("--out", type=Path, required=True, help="the CSV table to write")
    options = parser.parse_args()
    inputs = [path for path in (options.meshes, options.outlines, options.adapter) if path]
    check_outputs([options.out], inputs)
    adapter, table = MeshAdapter.read(options.adapter), MeshTable.read(options.meshes)
    files = table.files.tolist()
    pictures = [check_below(options.out.parent, options.out.parent / name) for name in files]
    landmarks, reasons = label_faces(table, pictures, adapter)
    if options.outlines:
        count = with_outlines(landmarks, files, options.outlines)
        print(f"{count} faces with landmarks from hand-made outlines")
    write_csv(options.out, 68, pictures, landmarks)
    kept = [points for points in landmarks if points is not None]
    gaps = sum(bool(np.isnan(points).any()) for points in kept)
    print(f"wrote {options.out}: {len(kept)} of {len(files)} faces, {gaps} of them with gaps")
    dropped = Counter(reason for reason in reasons if reason != KEPT)
    for reason, number in dropped.most_common():
        print(f"  {number:5} {reason}")


if __name__ == "__main__":
    main()
