"""The table of MediaPipe meshes of a data set: one ``.npz`` file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danpredict.files.outputs import replacing

MESH_POINTS = 478  # convention ``mediapipe478``


@dataclass(frozen=True)
class MeshTable:
    """The meshes of N faces.

    Attributes
    ----------
    files : (N,) str
        Pictures, relative to the data set's folder.
    points5 : (N, 5, 2) float, image pixels
        Eye centre on the picture's left, on its right, nose tip, mouth corner left, right.
    mesh : (N, 478, 3) float32
        x and y in image pixels; depth in the same unit, away from the camera, with a mean of 0.
        NaN for faces that MediaPipe did not find. It is the median of the passes.
    spread : (N, 478) float32
        Root mean square distance (x, y) of the passes from the mesh, in units of the face; see
        `danpredict.training.clean_labels.face_frame.FaceFrame`.
    passes : (N,) int
        Number of passes in which MediaPipe found the face.
    """

    files: NDArray[np.str_]
    points5: NDArray[np.float64]
    mesh: NDArray[np.float32]
    spread: NDArray[np.float32]
    passes: NDArray[np.int64]

    def write(self, path: Path) -> None:
        """Write the ``.npz`` file completely or not at all."""
        with replacing(path) as temporary:
            np.savez_compressed(temporary, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def read(cls, path: Path) -> MeshTable:
        """Read the file that `write` wrote.

        Raises
        ------
        FileNotFoundError, ValueError
            There is no such file; or it lacks an array or has one of another shape.
        """
        if not path.is_file():
            raise FileNotFoundError(f"expected a table of meshes, found no {path}")
        with np.load(path, allow_pickle=False) as data:
            missing = {f.name for f in fields(cls)} - set(data.files)
            if missing:
                raise ValueError(f"expected the array {min(missing)!r} in {path}, got none")
            table = cls(**{f.name: data[f.name] for f in fields(cls)})
        if table.mesh.shape != (len(table.files), MESH_POINTS, 3):
            raise ValueError(
                f"expected meshes ({len(table.files)}, {MESH_POINTS}, 3) in {path}, "
                f"got {table.mesh.shape}"
            )
        return table
