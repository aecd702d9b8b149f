"""The adapter from MediaPipe's mesh to the 68 landmarks of iBUG: data in ``adapters/``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danpredict.files.outputs import write_text
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import convention
from danpredict.resources import data_folder
from danpredict.training.clean_labels.head_frame import HeadFrame, fit_head_frame
from danpredict.training.clean_labels.jaw import JawModel, jaw

ADAPTER = "mediapipe478_to_ibug68_clean.json"
JAW = 17  # landmarks 0 to 16; the others are weighted means of mesh points
DECIMALS = 5  # of the distance between the eyes; 0.001 pixels


@dataclass(frozen=True)
class MeshAdapter:
    """Computes ``ibug68`` from meshes of ``mediapipe478``.

    Attributes
    ----------
    source : str
        What the adapter was learned from.
    mean_mesh : (478, 3) float, head frame
    rigid : (K,) int
        Mesh points that neither mouth nor jaw move.
    weights : (51, 478) float
        Landmarks 17 to 67 as weighted means of mesh points; each row adds up to 1.
    jaw : JawModel
    """

    source: str
    mean_mesh: NDArray[np.float64]
    rigid: NDArray[np.int64]
    weights: NDArray[np.float64]
    jaw: JawModel

    def head_frame(self, mesh: FloatArray) -> HeadFrame:
        """The head frame of a mesh (478, 3)."""
        return fit_head_frame(mesh, self.mean_mesh, self.rigid.tolist())

    def landmarks(self, mesh: FloatArray) -> NDArray[np.float64]:
        """The landmarks (68, 2) of a mesh (478, 3), image pixels.

        Raises
        ------
        ValueError
            The mesh is not finite or has no usable edge.
        """
        points = np.asarray(mesh, np.float64)
        edge = jaw(points, self.head_frame(points), self.jaw)
        return np.concatenate([edge, self.weights @ points[:, :2]])

    def write(self, path: Path) -> None:
        """Write the JSON file that `read` reads."""
        rows = [
            {str(j): round(float(row[j]), DECIMALS) for j in np.flatnonzero(row)}
            for row in self.weights
        ]
        data = {
            "source": self.source,
            "mean_mesh": np.round(self.mean_mesh, DECIMALS).tolist(),
            "rigid": self.rigid.tolist(),
            "weights": {str(JAW + i): row for i, row in enumerate(rows)},
            "jaw": {
                "edges": self.jaw.edges.tolist(),
                "centre": np.round(self.jaw.centre, DECIMALS).tolist(),
                "top": round(self.jaw.top, DECIMALS),
                "chin": self.jaw.chin,
                "offsets": {
                    str(i): np.round(self.jaw.offsets[i], DECIMALS).tolist()
                    for i in np.flatnonzero(np.abs(self.jaw.offsets).max(1) >= 10**-DECIMALS)
                },
            },
        }
        lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in data.items())
        write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")

    @classmethod
    def read(cls, path: Path | None = None) -> MeshAdapter:
        """Read an adapter; by default the one that comes with danpredict.

        Raises
        ------
        FileNotFoundError, ValueError
            There is no such file; or it is not an adapter.
        """
        path = data_folder("adapters") / ADAPTER if path is None else path
        size = convention("mediapipe478").size
        try:
            data = json.loads(path.read_text("utf-8"))
            weights = np.zeros((convention("ibug68").size - JAW, size))
            for landmark, row in data["weights"].items():
                weights[int(landmark) - JAW, [int(j) for j in row]] = list(row.values())
            offsets = np.zeros((size, 3))
            for point, offset in data["jaw"]["offsets"].items():
                offsets[int(point)] = offset
            edges = JawModel(
                np.array(data["jaw"]["edges"]),
                np.array(data["jaw"]["centre"]),
                float(data["jaw"]["top"]),
                int(data["jaw"]["chin"]),
                offsets,
            )
            mean = np.array(data["mean_mesh"]).reshape(size, 3)
            return cls(data["source"], mean, np.array(data["rigid"]), weights, edges)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"expected an adapter of meshes in {path}: {error}") from error
