"""The 68 landmarks of iBUG on the hand-made outlines of 189 points of the London face sets.

Sources
-------
The outlines: DeBruine and Jones, Face Research Lab London Set, doi 10.6084/m9.figshare.5047666.v5,
and Young Adult White Faces, doi 10.6084/m9.figshare.4220517.v1, both CC-BY 4.0. The roles of their
points were found by looking at the outlines drawn on enlarged pictures.

The places of the 68 landmarks on them follow publications: the figure that iBUG publishes
with its mark-up (300-W); the notes in ``share/ibug_to_sfm.txt`` of eos (Huber et al., "A
Multiresolution 3D Morphable Face Model and Fitting Framework", VISAPP 2016; Apache-2.0), which say
in words where the landmarks lie on a face; the 68 marked points of the head of ICT-FaceKit (Li et
al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020; MIT); the conversion of
WFLW's landmarks in PIPNet (Jin et al., "Pixel-in-Pixel Net", IJCV 2021; MIT); and the 68 points of
Google's head model GNM (arXiv 2607.23687; Apache-2.0), whose jaw was compared with MediaPipe's mesh
in issue 4 of github.com/PeizhiYan/Mediapipe_2_Dlib_Landmarks. No other model and no other data set
was used.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from danpredict.geometry.similarity import FloatArray
from danpredict.training.clean_labels.curves import SAMPLES, at_fractions, below, smooth_curve

POINTS = 189
# The parts of the outline. "First" is the side on the picture's left, the person's right.
# Upper lid from the outer to the inner corner, and lower lid from the inner to the outer corner.
FIRST_EYE = ((18, 19, 20, 21, 22), (22, 30, 29, 28, 18))
# The same in the order of iBUG: upper lid from the inner corner, lower lid from the outer corner.
SECOND_EYE = ((23, 24, 25, 26, 27), (27, 33, 32, 31, 23))
# Upper edge and lower edge of a brow, from left to right in the picture. 76 and 77 are the lower
# corners of the inner ends.
FIRST_BROW = ((71, 72, 73, 74, 75), (71, 83, 84, 76))
SECOND_BROW = ((78, 79, 80, 81, 82), (77, 85, 86, 82))
# Pairs left and right of the bridge: at the height of the pupils, and at the tip of the nose.
BRIDGE_TOP, NOSE_TIP = (51, 57), (54, 60)
# Lower edge of the nose: lowest point of the wing, edge of the nostril, middle; then mirrored.
FIRST_NOSTRIL, SECOND_NOSTRIL = (64, 180, 55), (55, 181, 69)
OUTER_LIPS = (87, 88, 89, 90, 91, 92, 93, 108, 107, 106, 105, 104)
UPPER_INNER_LIP, LOWER_INNER_LIP = (95, 96, 97), (102, 101, 100)
# The visible edge of the face, from above the left eye in the picture over the chin.
FIRST_CHEEK = (134, 109, 185, 110, 186, 111, 125, 126, 127, 128)
CHIN = 129
SECOND_CHEEK = (130, 131, 132, 133, 114, 188, 113, 187, 112, 144)

JAW_SIDE = np.arange(9) / 8  # fractions of the arc length from the height of the eyes to the chin
# The jaw starts at the height of the eyes: this far below the line through the outer eye corners,
# in distances between them. This is the mean of two heads that differ. ICT-FaceKit's jaw, seen from
# the front, starts 0.03 above the line. GNM's starts half-way between points 127 and 234 of
# MediaPipe's mesh: 0.15 below the line in the mean mesh of the outlined faces.
BELOW_EYES = 0.06
LID = (1 / 3, 2 / 3)  # fractions of the arc length of a lid
# The brow's landmarks lie in the middle between its upper and lower edge: so say the notes of eos,
# and PIPNet gets them as the mean of both edges of WFLW's brows. ICT-FaceKit has them 0.06 to 0.10
# distances between the outer eye corners higher, on a head without hair. The outer end of the
# hand-made outline lies beyond the hair, by about this part of the length (seen on enlarged
# pictures).
INTO_BROW, BEYOND_BROW = 0.5, 0.06
# Bridge: the first landmark is at the height of the upper lids (eos; ICT-FaceKit: 0.051 above the
# pupils' height, in distances between the outer eye corners).
ABOVE_PUPILS = 0.05
# Lower nose: on the line where nose and lip meet (eos). The outline follows the edge of the nose,
# which is a little higher (ICT-FaceKit: 0.02 distances between the outer eye corners).
NOSE_TO_LIP = 0.02
# Landmarks that the outlines do not have: the inner corners of the lips, which are shut here.
MISSING = (60, 64)


def read_outlines(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """The pictures' names and the outlines (N, 189, 2), image pixels, of a table.

    Raises
    ------
    ValueError
        A row that does not have 189 pairs of numbers.
    """
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.reader(stream))[1:]
    for number, row in enumerate(rows, 2):
        if len(row) != 1 + 2 * POINTS:
            raise ValueError(
                f"expected a name and {2 * POINTS} numbers in line {number} of {path}, "
                f"got {len(row)} cells"
            )
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return [row[0] for row in rows], values.reshape(-1, POINTS, 2)


def _down(outline: FloatArray) -> NDArray[np.float64]:
    """The vector (2,) down the face, as long as the outer eye corners are apart."""
    x, y = outline[SECOND_EYE[0][-1]] - outline[FIRST_EYE[0][0]]
    return np.array([-y, x])


def _brow(
    outline: FloatArray, parts: tuple[tuple[int, ...], ...], ends: tuple[float, float]
) -> NDArray[np.float64]:
    """Five landmarks of a brow, evenly spaced between two fractions of its length."""
    even = np.linspace(0, 1, SAMPLES)
    upper, lower = (at_fractions(smooth_curve(outline[list(part)]), even) for part in parts)
    return at_fractions(upper + INTO_BROW * (lower - upper), np.linspace(*ends, 5))


def _jaw(outline: FloatArray) -> NDArray[np.float64]:
    """17 landmarks on the edge of the face, from the height of the eyes down; see `BELOW_EYES`."""
    down = _down(outline)
    start = outline[FIRST_EYE[0][0]] + BELOW_EYES * down
    sides = []
    for part in ((*FIRST_CHEEK, CHIN), (*SECOND_CHEEK[::-1], CHIN)):
        curve = smooth_curve(outline[list(part)])
        sides.append(at_fractions(below(curve, (curve - start) @ down), JAW_SIDE))
    return np.concatenate([sides[0], sides[1][-2::-1]])


def landmarks_of(outline: FloatArray) -> NDArray[np.float64]:
    """The 68 landmarks (68, 2) of one outline (189, 2); NaN for `MISSING`. Same frame and unit.

    Jaw: the visible edge of the face, 8 steps of equal arc length from the height of the eyes to
    the chin, on each side; see `BELOW_EYES`. Brows: see `INTO_BROW`. Bridge: evenly from the height
    of the upper lids to the tip, see `ABOVE_PUPILS`. Lower nose: below the lowest points of the
    wings, below the middle, and half-way along the edge between, see `NOSE_TO_LIP`. Lids: at thirds
    of the arc length. Lips: points of the outline.
    """
    down = _down(outline)
    result = np.full((68, 2), np.nan)
    result[:17] = _jaw(outline)
    result[17:22] = _brow(outline, FIRST_BROW, (BEYOND_BROW, 1))
    result[22:27] = _brow(outline, SECOND_BROW, (0, 1 - BEYOND_BROW))
    pupils, tip = (outline[list(pair)].mean(0) for pair in (BRIDGE_TOP, NOSE_TIP))
    result[27:31] = np.linspace(pupils - ABOVE_PUPILS * down, tip, 4)
    first, second = (
        at_fractions(outline[list(part)], [0, 0.5, 1]) for part in (FIRST_NOSTRIL, SECOND_NOSTRIL)
    )
    result[31:36] = np.concatenate([first, second[1:]]) + NOSE_TO_LIP * down
    for start, eye in ((36, FIRST_EYE), (42, SECOND_EYE)):
        upper, lower = (smooth_curve(outline[list(lid)]) for lid in eye)
        result[[start, start + 3]] = upper[0], upper[-1]
        result[start + 1 : start + 3] = at_fractions(upper, LID)
        result[start + 4 : start + 6] = at_fractions(lower, LID)
    result[48:60] = outline[list(OUTER_LIPS)]
    result[61:64] = outline[list(UPPER_INNER_LIP)]
    result[65:68] = outline[list(LOWER_INNER_LIP)]
    return result
