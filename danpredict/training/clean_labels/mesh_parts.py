"""Which points of MediaPipe's mesh form lids and lips; convention ``mediapipe478``.

Read off MediaPipe's mesh drawn on pictures. The outlines show open eyes and shut mouths only, so
they cannot tell an upper lid from its surroundings or an upper lip from a lower one. These lists
can: a landmark of the upper lid is then carried by the upper lid alone, and shuts with it.
All lists are for the eye on the picture's left and for both halves of the mouth.
"""

from __future__ import annotations

OUTER_CORNER, INNER_CORNER = 33, 133  # of the eye on the picture's left
EYE_CORNERS = (33, 263)  # outer corners of both eyes
CHIN = 152
INNER_LIP_CORNERS = {60: 78, 64: 308}  # by landmark of ibug68

UPPER_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133)
LOWER_LID = (33, 7, 163, 144, 145, 153, 154, 155, 133)
AROUND_CORNERS = (130, 25, 243, 112)
# The red of the lips: its outer border and the next row inside.
UPPER_LIP = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
)
LOWER_LIP = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
)
UPPER_INNER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)

# By landmark of ibug68. Each mirrored pair is listed under its smaller number, which is on the
# picture's right for the lower lip. Landmarks that are not listed may be carried by any point.
CANDIDATES: dict[int, tuple[int, ...]] = {
    **dict.fromkeys((36, 39), tuple({*UPPER_LID, *LOWER_LID, *AROUND_CORNERS})),
    **dict.fromkeys((37, 38), UPPER_LID),
    **dict.fromkeys((40, 41), LOWER_LID),
    **dict.fromkeys(range(48, 52), UPPER_LIP[0] + UPPER_LIP[1]),
    **dict.fromkeys((55, 56, 57), LOWER_LIP[0] + LOWER_LIP[1]),
    **dict.fromkeys((61, 62), UPPER_INNER_LIP),
    **dict.fromkeys((65, 66), LOWER_INNER_LIP),
}
