"""Learn the adapter, print its errors on held-out faces, and write it.

``python -m danpredict.training.clean_labels.make_adapter mesh.npz template189.csv --out FILE.json``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danpredict.training.clean_labels.cross_validation import error_lines
from danpredict.training.clean_labels.fit_adapter import learn
from danpredict.training.clean_labels.mesh_table import MeshTable
from danpredict.training.clean_labels.outline189 import landmarks_of, read_outlines


def outlined_faces(
    table: MeshTable, outlines: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Meshes (F, 478, 3) and landmarks (F, 68, 2) of the faces with outlines, image pixels.

    Raises
    ------
    ValueError
        A picture of the outlines is not in the table.
    """
    names, points = read_outlines(outlines)
    row_of = {name: row for row, name in enumerate(table.files.tolist())}
    missing = set(names) - set(row_of)
    if missing:
        raise ValueError(f"expected a mesh of {min(missing)}, found none in the table of meshes")
    meshes = table.mesh[[row_of[name] for name in names]].astype(np.float64)
    found = np.isfinite(meshes).all((1, 2))
    landmarks = np.stack([landmarks_of(outline) for outline in points])
    return meshes[found], landmarks[found]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meshes", type=Path, help="the .npz table of meshes")
    parser.add_argument("outlines", type=Path, help="the table of hand-made outlines")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    options = parser.parse_args()
    meshes, landmarks = outlined_faces(MeshTable.read(options.meshes), options.outlines)
    print("\n".join(error_lines(meshes, landmarks)))
    learn(meshes, landmarks).write(options.out)
    print(f"wrote {options.out}, learned from {len(meshes)} faces")


if __name__ == "__main__":
    main()
