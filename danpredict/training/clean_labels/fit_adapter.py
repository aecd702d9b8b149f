"""Learn the adapter from mesh to ``ibug68`` on faces with hand-made outlines.

``python -m danpredict.training.clean_labels.fit_adapter mesh.npz template189.csv --out FILE.json``
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import convention
from danpredict.training.clean_labels import mesh_parts
from danpredict.training.clean_labels.adapter import JAW, MeshAdapter
from danpredict.training.clean_labels.fit_weights import fit_weights, nearest_points, start_weights
from danpredict.training.clean_labels.head_frame import fit_head_frame, mean_mesh
from danpredict.training.clean_labels.jaw import JawModel
from danpredict.training.clean_labels.mesh_table import MeshTable
from danpredict.training.clean_labels.outline189 import landmarks_of, read_outlines

SOURCE = (
    "Learned from hand-made outlines of 142 faces, both CC-BY 4.0: DeBruine and Jones, Face "
    "Research Lab London Set, doi 10.6084/m9.figshare.5047666.v5, and Young Adult White Faces, doi "
    "10.6084/m9.figshare.4220517.v1; and from MediaPipe 0.10.14's face meshes (Apache-2.0) of them"
)
SURFACE = 468  # mesh points on the face; the others are the irises
# In distances between the eyes, by looking at the mean mesh from the front: the edge of a turned
# head must not be searched among nose, eyes and lips.
MIDDLE, UNDER_LIP = 0.3, 0.05
# Depth, behind the eyes, of the axis around which the mesh is unrolled to find its edges, and of
# the point inside the face from which the outermost points are searched.
AXIS_DEPTH, CENTRE_DEPTH = 1.3, 0.2
# Offsets fade out towards the middle of the face: from the border to this share of the way.
FADE = 0.8


def surface_edges(mean: FloatArray, mirror: Sequence[int]) -> NDArray[np.int64]:
    """The edges (E, 2) of a symmetric triangulation of the mean mesh (478, 3)."""
    points = mean[:SURFACE]
    axis = points[list(mesh_parts.EYE_CORNERS), 2].mean() + AXIS_DEPTH
    unrolled = np.column_stack([np.arctan2(points[:, 0], axis - points[:, 2]), points[:, 1]])
    triangles = Delaunay(unrolled).simplices
    edges = np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    both = np.concatenate([edges, np.array(mirror)[edges]])
    return np.asarray(np.unique(np.sort(both, axis=1), axis=0), np.int64)


def jaw_edges(mean: FloatArray, landmarks: FloatArray, mirror: Sequence[int]) -> NDArray[np.int64]:
    """The edges (E, 2) of cheeks, temples, forehead and chin; see `MIDDLE` and `UNDER_LIP`."""
    outside = np.abs(mean[:, 0]) > MIDDLE
    outside |= mean[:, 1] > landmarks[57, 1] + UNDER_LIP
    edges = surface_edges(mean, mirror)
    return np.asarray(edges[outside[edges].all(1)])


def place_in_head(
    meshes: FloatArray, landmarks: FloatArray, mean: FloatArray
) -> NDArray[np.float64]:
    """The landmarks (F, 68, 2) of faces seen from the front, in x and y of the head frame."""
    every = range(len(mean))
    frames = [fit_head_frame(mesh, mean, every) for mesh in meshes]
    placed = []
    for frame, points in zip(frames, landmarks, strict=True):
        # Scale and roll only: the depth of the landmarks is not known.
        turn = frame.rotation[:2, :2]
        left, _, right = np.linalg.svd(turn)
        flat = (points - frame.origin[:2]) @ (left @ right) * frame.scale
        placed.append(flat + frame.head_origin[:2])
    return np.stack(placed)


def jaw_offsets(
    adapter: MeshAdapter, meshes: FloatArray, landmarks: FloatArray, mirror: Sequence[int]
) -> NDArray[np.float64]:
    """Offsets (478, 3), head frame: from the edge of the mesh to the edge of the outlines.

    The distance between both edges, along the normal of the jaw, is averaged over all faces and
    both sides, for each landmark. It is interpolated by the direction from the centre.
    """
    edges = np.stack([adapter.landmarks(mesh)[:JAW] for mesh in meshes])
    edges, truth = (
        place_in_head(meshes, points, adapter.mean_mesh) for points in (edges, landmarks[:, :JAW])
    )
    mean = truth.mean(0)
    tangent = np.gradient(mean, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    gap = ((truth - edges) * normal).sum(-1).mean(0)
    vectors = (gap + gap[::-1])[:, None] / 2 * normal
    vectors = (vectors + vectors[::-1] * [-1, 1]) / 2
    centre = adapter.jaw.centre[:2]
    from_chin = _from_chin(mean - centre)
    points = adapter.mean_mesh[:, :2] - centre
    angle, radius = _from_chin(points), np.linalg.norm(points, axis=1)
    order = np.argsort(from_chin)
    border = np.interp(angle, from_chin[order], np.linalg.norm(mean - centre, axis=1)[order])
    share = np.clip((radius / border - FADE) / (1 - FADE), 0, 1)
    result = np.zeros((len(points), 3))
    for axis in (0, 1):
        result[:, axis] = share * np.interp(angle, from_chin[order], vectors[order, axis])
    result[SURFACE:] = 0
    return (result + result[list(mirror)] * [-1, 1, 1]) / 2


def _from_chin(vectors: FloatArray) -> NDArray[np.float64]:
    """Angles (N,) of vectors (N, 2) from the direction of the chin, positive to the right."""
    return np.asarray(np.arctan2(vectors[:, 0], vectors[:, 1]), np.float64)


def learn(meshes: FloatArray, landmarks: FloatArray) -> MeshAdapter:
    """The adapter from F faces seen from the front and their mirror images.

    Parameters
    ----------
    meshes : (F, 478, 3) float, image pixels
    landmarks : (F, 68, 2) float, image pixels
        NaN for the inner corners of the lips, which MediaPipe's own points give.
    """
    order = list(convention("mediapipe478").mirror or ())
    order68 = list(convention("ibug68").mirror or ())
    mean = mean_mesh(meshes, order, mesh_parts.EYE_CORNERS)
    meshes = np.concatenate([meshes, meshes[:, order] * [-1, 1, 1]])
    landmarks = np.concatenate([landmarks, landmarks[:, order68] * [-1, 1]])
    placed = place_in_head(meshes, landmarks, mean).mean(0)
    scale = np.array([fit_head_frame(mesh, mean, range(len(mean))).scale for mesh in meshes])
    units, truth = (values * scale[:, None, None] for values in (meshes[..., :2], landmarks))
    weights = np.zeros((len(order68) - JAW, len(order)))
    for landmark in range(JAW, len(order68)):
        if landmark in mesh_parts.INNER_LIP_CORNERS:
            weights[landmark - JAW, mesh_parts.INNER_LIP_CORNERS[landmark]] = 1
        elif landmark <= order68[landmark]:
            near = nearest_points(landmark, placed[landmark], mean)
            start = start_weights(placed[landmark], mean[near, :2])
            fitted = fit_weights(units[:, near], truth[:, landmark], start)
            weights[landmark - JAW, near] = fitted
            partner = order68[landmark] - JAW
            mirrored = np.zeros(len(order))
            mirrored[np.array(order)[near]] = fitted
            if partner == landmark - JAW:  # in the middle of the face
                mirrored = (mirrored + weights[partner]) / 2
            weights[partner] = mirrored
    rigid = np.flatnonzero(mean[:SURFACE, 1] < placed[33, 1])  # above the base of the nose
    eyes = mean[list(mesh_parts.EYE_CORNERS)].mean(0)
    centre = np.array([0, (eyes[1] + mean[mesh_parts.CHIN, 1]) / 2, eyes[2] + CENTRE_DEPTH])
    top = (placed[0, 1] + placed[16, 1]) / 2
    none = np.zeros_like(mean)
    edges = JawModel(jaw_edges(mean, placed, order), centre, top, mesh_parts.CHIN, none)
    first = MeshAdapter(SOURCE, mean, rigid, weights, edges)
    offsets = jaw_offsets(first, meshes, landmarks, order)
    edges = JawModel(edges.edges, centre, top, mesh_parts.CHIN, offsets)
    return MeshAdapter(SOURCE, mean, rigid, weights, edges)


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
    from danpredict.training.clean_labels.cross_validation import error_lines

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
