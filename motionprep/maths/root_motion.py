"""How a root goes through the world, as seen from it: heading, velocity and trajectory; and back to its places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionprep.motion.arrays import Floats

#: How many numbers stand before the trajectory, and how many it has at each time.
BEFORE, AT_EACH = 6, 4


def vectors(places: Floats, headings: Floats, up: int, rate: float, times: Sequence[float]) -> Floats:
    """Return (F, 6 + 4 T) numbers of a root.

    Parameters
    ----------
    places
        (F, 3), of the root.
    headings
        (F,), radians, as :mod:`motionprep.maths.headings` measures them.
    up
        0, 1 or 2.
    rate
        Frames a second.
    times
        T, in seconds from a frame, below 0 before it. Before the first and after the last frame the root stands still.
    """
    level = places[:, [(up + 1) % 3, (up + 2) % 3]]
    angles = np.unwrap(headings)
    spins = _to_next(np.diff(angles)) * rate
    ways = _to_next(np.diff(level, axis=0)) * rate
    out = np.empty((len(places), BEFORE + AT_EACH * len(times)))
    out[:, 0], out[:, 1] = np.cos(angles), np.sin(angles)
    out[:, 2] = spins
    out[:, 3:5] = _turned(ways, -angles)
    out[:, 5] = places[:, up]
    frames = np.arange(len(places))
    for number, time in enumerate(times):
        at = BEFORE + AT_EACH * number
        then = np.clip(frames + time * rate, 0, len(places) - 1)
        there = np.stack([np.interp(then, frames, level[:, axis]) for axis in (0, 1)], axis=1)
        turn = np.interp(then, frames, angles) - angles
        out[:, at : at + 2] = _turned(there - level, -angles)
        out[:, at + 2], out[:, at + 3] = np.cos(turn), np.sin(turn)
    return out


def places(found: Floats, up: int, rate: float, start: tuple[float, float], heading: float) -> tuple[Floats, Floats]:
    """Return the places (F, 3) and headings (F,) that velocities of vectors (F, ...) lead to.

    Parameters
    ----------
    found
        Of a motion, or of a network.
    up, rate
        As for :func:`vectors`.
    start, heading
        Of the first frame: where the root is along the two axes that follow ``up``, and its heading.
    """
    angles = heading + np.concatenate([[0.0], np.cumsum(found[:-1, 2])]) / rate
    ways = np.cumsum(_turned(found[:-1, 3:5], angles[:-1]), axis=0) / rate
    out = np.empty((len(found), 3))
    out[:, up] = found[:, 5]
    level = np.concatenate([np.zeros((1, 2)), ways]) + start
    out[:, (up + 1) % 3], out[:, (up + 2) % 3] = level[:, 0], level[:, 1]
    return out, angles


def _to_next(changes: Floats) -> Floats:
    """Return changes (F, ...) to the next frame from those between frames (F - 1, ...); the last has the one before."""
    return np.concatenate([changes, changes[-1:]])


def _turned(vectors: Floats, angles: Floats) -> Floats:
    """Return vectors (F, 2) turned by angles (F,) from the first axis to the second."""
    sine, cosine = np.sin(angles), np.cos(angles)
    first, second = vectors[:, 0], vectors[:, 1]
    return np.stack([cosine * first - sine * second, sine * first + cosine * second], axis=1)
