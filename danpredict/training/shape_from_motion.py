"""Make a 3-D mean shape of the 68 landmarks of iBUG from landmarks of many faces.

    python -m danpredict.training.shape_from_motion SET/points5.csv... --out FILE.json

A shipped model finds the landmarks, started from five points per face. Each face is one view of
the same rigid shape under scaled orthography. The factorisation of Tomasi and Kanade, "Shape and
Motion from Image Streams under Orthography: a Factorization Method", IJCV 1992, gives a first
shape: a rank-3 decomposition and the metric constraints of section 3.4, with an unknown scale for
each view. All views are mirrored too, so that the shape is symmetric. Then poses and shape are
refined in turn by least squares, with Huber's weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from danpredict.error_boundary import run_program
from danpredict.files.outputs import write_text
from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.convention import Convention, convention
from danpredict.landmarks.pose_fit import rotation_angles, rotation_matrix
from danpredict.training.orthographic_poses import orthographic_poses
from danpredict.training.pseudo_labels.coarse import read_coarse
from danpredict.training.pseudo_labels.label import label_faces
from danpredict.training.pseudo_labels.teacher import load

MODEL = "lean68"
SELECTIONS, ROUNDS = 3, 12  # of the faces turned most, and of refinement for each selection
HUBER = 1.345  # of Huber's weights: 95 % efficiency for normally distributed residuals
NOSE_TIP = 30  # nearer to the camera than the mean landmark
# Weights of the landmarks in poses. Those of the jaw slide along the outline when the head turns,
# and the depth of a shape that includes them fully is too large.
WEIGHTS = np.r_[np.full(17, 0.1), np.ones(51)]
# The part of the faces that refinement uses, those turned most. Nearly frontal faces do not show
# depth: with all of them, differences between people pass for rotations.
TURNED = 0.25


def mirrored_views(views: FloatArray, convention: Convention) -> FloatArray:
    """The (N, L, 2) views and their mirror images, (2N, L, 2)."""
    flipped = views[:, list(convention.mirror or ())] * [-1, 1]
    return np.concatenate([views, flipped])


def motion_and_shape(views: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Motion (N, 2, 3) and shape (L, 3) of (N, L, 2) centred views, in an unknown orientation.

    The upgrade to a metric shape is a symmetric matrix ``q``. The two rows ``a`` and ``b`` of each
    view's motion must have the same length, ``a q a = b q b``, and be orthogonal, ``a q b = 0``.
    """
    count, points = views.shape[:2]
    stacked = views.transpose(0, 2, 1).reshape(2 * count, points)
    left, singular, right = np.linalg.svd(stacked, full_matrices=False)
    motion = (left[:, :3] * singular[:3]).reshape(count, 2, 3)
    a, b = motion[:, 0], motion[:, 1]
    products = [np.einsum("ni,nj->nij", x, y) for x, y in ((a, a), (b, b), (a, b))]
    constraints = np.concatenate([products[0] - products[1], products[2]])
    first, second = np.triu_indices(3)
    twice = np.where(first == second, 1, 2)  # entries off the diagonal occur twice
    rows = (constraints + constraints.transpose(0, 2, 1))[:, first, second] / 2 * twice
    q = np.empty((3, 3))
    q[first, second] = q[second, first] = np.linalg.svd(rows)[2][-1]
    values, vectors = np.linalg.eigh(q * np.sign(np.trace(q)))
    if values[0] <= 0:
        raise ValueError("expected faces in many poses, got too few to find their depth")
    upgrade = vectors * np.sqrt(values)
    return motion @ upgrade, np.linalg.solve(upgrade, right[:3]).T


def upright(motion: FloatArray, shape: FloatArray, convention: Convention) -> FloatArray:
    """The shape (L, 3) with x to the right, y down and z away from the camera, symmetric.

    The symmetry gives x, the mean of the views' second rows gives y. Orthographic views leave open
    whether the shape is its own mirror image in depth: the nose points to the camera.
    """
    mirror, eyes = list(convention.mirror or ()), convention.eyes
    assert eyes is not None
    x = np.linalg.svd(shape - shape[mirror], full_matrices=False)[2][0]
    x = x * np.sign((shape[eyes[1]] - shape[eyes[0]]) @ x)
    down = (motion[:, 1] / np.linalg.norm(motion[:, 1], axis=1, keepdims=True)).mean(0)
    y = down - x * (x @ down)
    y = y / np.linalg.norm(y)
    turned = shape @ np.stack([x, y, np.cross(x, y)], 1)
    turned = turned - turned.mean(0)
    if turned[NOSE_TIP, 2] > 0:
        turned[:, 2] *= -1
    return normalised(turned, convention)


def normalised(shape: FloatArray, convention: Convention) -> FloatArray:
    """Exactly symmetric, origin between the outer eye corners, their distance 1."""
    assert convention.eyes is not None
    shape = (shape + shape[list(convention.mirror or ())] * [-1, 1, 1]) / 2
    eyes = shape[list(convention.eyes)]
    return np.asarray((shape - eyes.mean(0)) / np.linalg.norm(eyes[1] - eyes[0]))


def refined(views: FloatArray, shape: FloatArray, convention: Convention) -> FloatArray:
    """Fit the poses of (N, L, 2) views and the shape (L, 3) in turn."""
    weights = np.ones(views.shape[:2])
    for _ in tqdm(range(ROUNDS), desc="refining", unit="round", leave=False):
        turns, scales, shifts = orthographic_poses(views, shape, weights * WEIGHTS)
        rotations = turns[:, :2]
        flat = (views - shifts[:, None]) / scales[:, None, None]
        length = np.linalg.norm(flat - shape @ rotations.transpose(0, 2, 1), axis=-1)
        weights = np.minimum(1, HUBER * np.median(length, axis=0) / np.maximum(length, 1e-9))
        left = np.einsum("nl,nki,nkj->lij", weights, rotations, rotations)
        right = np.einsum("nl,nki,nlk->li", weights, rotations, flat)
        shape = normalised(np.linalg.solve(left, right[..., None])[..., 0], convention)
    return shape


def median_pitch(views: FloatArray, shape: FloatArray) -> float:
    """Median rotation about x, radians."""
    rotations = orthographic_poses(views, shape, np.ones(views.shape[:2]) * WEIGHTS)[0]
    return float(np.median([rotation_angles(rotation)[1] for rotation in rotations]))


def mean_shape(landmarks: FloatArray, convention: Convention) -> FloatArray:
    """The 3-D mean shape (68, 3) of the landmarks (N, 68, 2) of many faces, of any unit.

    Raises
    ------
    ValueError
        The faces do not differ enough in pose.
    """
    centred = landmarks - landmarks.mean(1, keepdims=True)
    views = centred / np.linalg.norm(centred, axis=(1, 2), keepdims=True)
    motion, shape = motion_and_shape(mirrored_views(views, convention))
    shape = upright(motion, shape, convention)
    for _ in range(SELECTIONS):
        rotations = orthographic_poses(views, shape, np.ones(views.shape[:2]) * WEIGHTS)[0]
        yaw = np.abs([rotation_angles(rotation)[2] for rotation in rotations])
        shape = refined(views[yaw >= np.quantile(yaw, 1 - TURNED)], shape, convention)
    # A pitch of 0 is the median of all faces: most people look into the camera.
    rotation = rotation_matrix(np.array([0, median_pitch(views, shape), 0]))
    return np.asarray(shape @ rotation.T)


def write_shape(path: Path, shape: FloatArray, source: str) -> None:
    """Write the JSON file that `danpredict.landmarks.shape3d.mean_shape_3d` reads."""
    rows = ",\n    ".join(json.dumps([round(v, 4) + 0.0 for v in row]) for row in shape.tolist())
    text = f'{{\n  "source": {json.dumps(source)},\n  "points": [\n    {rows}\n  ]\n}}\n'
    write_text(path, text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a shape from tables of five points; see the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path, metavar="SET/points5.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    options = parser.parse_args(arguments)
    known = convention("ibug68")
    teacher, found, read = load(MODEL), [], 0
    for table in options.tables:
        faces = read_coarse(table, known)
        labels = label_faces([teacher], faces)
        read += len(faces)
        found += [label for label in labels if label is not None and np.isfinite(label).all()]
    shape = mean_shape(np.array(found), known)
    names = ", ".join(table.parent.name for table in options.tables)
    source = (
        f"python -m danpredict.training.shape_from_motion, landmarks of {MODEL} on {len(found)} of "
        f"{read} faces ({names})"
    )
    write_shape(options.out, shape, source)
    print(f"{len(found)} of {read} faces; written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(run_program("shape_from_motion.py", main))
