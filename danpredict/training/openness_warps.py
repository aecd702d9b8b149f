"""Warps that shut and open eyes and mouths in training pictures, with exact labels.

One piecewise-linear map along the normal of the eye or the mouth moves both pixels and landmarks.
See `danpredict.training.normal_warp` for the frame, ``s`` and ``h``.
"""

from __future__ import annotations

import numpy as np

from danpredict.geometry.similarity import FloatArray
from danpredict.landmarks.openness import EYES
from danpredict.training.normal_warp import Array, Frame, Tile, piecewise, region, resample

SMALLEST = 5.0  # pixels between the corners; smaller eyes and mouths are not changed
BROWS = ((17, 18, 19, 20, 21), (22, 23, 24, 25, 26))
UPPER_LIP, LOWER_LIP = (60, 61, 62, 63, 64), (60, 67, 66, 65, 64)
LOWER_EDGE = (48, 59, 58, 57, 56, 55, 54)
CHIN = 8
CHIN_SHARE = 0.6  # movement of the chin divided by that of the lower lip
DARK = 0.35  # gray level inside a mouth divided by the mean level around it
ROUND = 0.7  # power of a parabola; 1 would give a pointed mouth


def close_eye(
    tile: Tile, landmarks: FloatArray, side: int, closing: float
) -> tuple[Tile, FloatArray]:
    """Lower the upper lid of one eye by a fraction of the gap to the lower lid.

    The inside of the eye is compressed, and the skin between lid and brow is stretched.

    Parameters
    ----------
    tile : (T, T) uint8
    landmarks : (68, 2) float, tile pixels
    side : 0 or 1
        Which of `danpredict.landmarks.openness.EYES`.
    closing : float
        1 shuts the eye, negative values open it further.

    Returns
    -------
    tile and landmarks; unchanged if the eye is too small or seen from the side
    """
    corner, first, second, other, low_second, low_first = EYES[side]
    frame = Frame(landmarks[corner], landmarks[other])
    upper = frame.curve(landmarks[[corner, first, second, other]])
    lower = frame.curve(landmarks[[corner, low_first, low_second, other]])
    if frame.width < SMALLEST or upper is None or lower is None:
        return tile, landmarks
    brow = frame.locate(landmarks[list(BROWS[side])])[1].mean()
    _, lid = frame.locate(landmarks[[first, second]])
    skin = float(np.clip(0.6 * (brow - lid.max()), 0.25 * frame.width, 0.6 * frame.width))

    def knots(s: Array) -> tuple[list[Array], list[Array]]:
        below, above = (np.nan_to_num(edge(s)) for edge in (lower, upper))
        gap = np.maximum(above - below, 0)
        top = below + gap
        # The moved skin ends in an arc, so that nothing outside the corners moves.
        end = top + skin
        return [below, top, end], [below, below + (1 - closing) * gap, end]

    rows, columns, pixels = region(landmarks[list(EYES[side])], 1.2 * frame.width, len(tile))
    s, h = frame.locate(pixels)
    before, after = knots(s)
    changed = tile.copy()
    changed[rows, columns] = resample(tile, frame, h, piecewise(h, after, before), pixels)

    moved = np.array(landmarks, copy=True)
    for point in (first, second):
        s, h = (np.asarray(v) for v in frame.locate(landmarks[point]))
        before, after = knots(s)
        moved[point] += (after[1] - before[1]) * frame.up
    return changed, moved


def bow(s: Array) -> Array:
    """Relative movement of the lower lip at ``s``: 0 at the corners, 1 in the middle."""
    return np.asarray(np.clip(1 - (2 * s - 1) ** 2, 0, 1) ** ROUND)


def open_mouth(tile: Tile, landmarks: FloatArray, gap: float) -> tuple[Tile, FloatArray]:
    """Move the lower lip so that the inner lips are ``gap`` mouth widths apart in the middle.

    The chin moves by `CHIN_SHARE` of the lip's movement. The skin between them and below the chin
    is compressed or stretched. The inside of a mouth that was shut becomes dark.

    Parameters
    ----------
    tile : (T, T) uint8
    landmarks : (68, 2) float, tile pixels
    gap : float
        The new mouth aspect ratio, measured along the mouth's normal.

    Returns
    -------
    tile and landmarks; unchanged if the mouth is too small or seen from the side
    """
    frame = Frame(landmarks[60], landmarks[64])
    curves = [frame.curve(landmarks[list(row)]) for row in (UPPER_LIP, LOWER_LIP, LOWER_EDGE)]
    if frame.width < SMALLEST or any(curve is None for curve in curves):
        return tile, landmarks
    inner = np.diff(frame.locate(landmarks[[66, 62]])[1])[0]
    amount = gap * frame.width - max(inner, 0)
    chin = frame.locate(landmarks[CHIN])[1]
    neck = chin - 1.2 * frame.width - max(amount, 0)

    def knots(s: Array) -> tuple[list[Array], list[Array]]:
        """Heights, from below: neck, chin, outer and inner lower lip, inner upper lip."""
        top, bottom, edge = (np.nan_to_num(curve(s)) for curve in curves if curve is not None)
        bottom = np.minimum(bottom, top)
        edge = np.minimum(edge, bottom)
        lip = np.maximum(amount * bow(s), bottom - top)  # never above the upper lip
        jaw = CHIN_SHARE * amount * np.exp(-(((s - 0.5) / 0.8) ** 2))
        still = np.full_like(s, neck)
        low = np.minimum(np.full_like(s, chin), edge - 1)
        return (
            [still, low, edge, bottom, top],
            [still, np.maximum(low - jaw, neck + 1), edge - lip, bottom - lip, top],
        )

    s, h = frame.locate(landmarks)
    before, after = knots(s)
    if any((np.diff(np.stack(side), axis=0) < -1e-6).any() for side in (before, after)):
        return tile, landmarks  # the map would fold
    moved = np.array(landmarks, copy=True)
    shift = piecewise(h, before, after) - h
    shift[[*range(17, 55), *UPPER_LIP]] = 0
    lower = [*LOWER_EDGE[1:-1], *LOWER_LIP[1:-1]]
    shift[lower] = (after[3] - before[3])[lower]
    moved += shift[:, None] * frame.up

    rows, columns, pixels = region(landmarks[48:68], 3 * frame.width, len(tile))
    s, h = frame.locate(pixels)
    before, after = knots(s)
    part = resample(tile, frame, h, piecewise(h, after, before), pixels)
    space = after[4] - after[3]
    thin = np.clip(1 - 2.5 * (before[4] - before[3]) / np.maximum(space, 1), 0, 1)
    inside = np.clip(np.minimum(h - after[3], after[4] - h), 0, 1)  # soft by one pixel
    cover = thin * inside * (space > 1)
    changed = tile.copy()
    changed[rows, columns] = np.round(part * (1 - cover) + cover * DARK * part.mean())
    return changed, moved


def vary_eyes(
    rng: np.random.Generator, tile: Tile, landmarks: FloatArray
) -> tuple[Tile, FloatArray]:
    """Shut both eyes by -25 to 95 % of their gap; with probability 0.2 by different amounts."""
    closing = rng.uniform(-0.25, 0.95, 2)
    if rng.random() >= 0.2:
        closing[1] = closing[0]
    for side in (0, 1):
        tile, landmarks = close_eye(tile, landmarks, side, closing[side])
    return tile, landmarks


def vary_mouth(
    rng: np.random.Generator, tile: Tile, landmarks: FloatArray
) -> tuple[Tile, FloatArray]:
    """Draw a mouth aspect ratio from 0 to 0.8. Open mouths are closed further in half the cases."""
    _, (upper, lower) = Frame(landmarks[60], landmarks[64]).locate(landmarks[[62, 66]])
    width = max(float(np.hypot(*(landmarks[64] - landmarks[60]))), 1e-9)
    now = max(float(upper - lower), 0.0) / width
    gap = now * rng.uniform(0, 1) if now > 0.1 and rng.random() < 0.5 else rng.uniform(0, 0.8)
    return open_mouth(tile, landmarks, gap)
