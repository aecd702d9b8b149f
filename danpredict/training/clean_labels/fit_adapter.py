"""Learn the adapter from mesh to ``ibug68`` on faces with hand-made outlines."""

from __future__ import annotations

import numpy as np

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import convention
from danpredict.training.clean_labels import mesh_parts
from danpredict.training.clean_labels.adapter import JAW, MeshAdapter
from danpredict.training.clean_labels.fit_jaw import (
    CENTRE_DEPTH,
    jaw_edges,
    jaw_offsets,
    place_in_head,
)
from danpredict.training.clean_labels.fit_weights import fit_weights, nearest_points, start_weights
from danpredict.training.clean_labels.head_frame import fit_head_frame, mean_mesh
from danpredict.training.clean_labels.head_surface import SURFACE
from danpredict.training.clean_labels.jaw import JawModel

SOURCE = (
    "Learned from hand-made outlines of 142 faces, both CC-BY 4.0: DeBruine and Jones, Face "
    "Research Lab London Set, doi 10.6084/m9.figshare.5047666.v5, and Young Adult White Faces, doi "
    "10.6084/m9.figshare.4220517.v1; and from MediaPipe 0.10.14's face meshes (Apache-2.0) of them"
)


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
