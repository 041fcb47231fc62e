"""Where in its gait a body is, from when its feet come down."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats


def phases(contacts: NDArray[np.bool_]) -> Floats | None:
    """Return the phase (F,) in radians, which grows: whole turns where the right foot comes down, halves for the left.

    Parameters
    ----------
    contacts
        (F, 4) of :data:`~motionprep.motion.feature_kinds.FEET`.

    Returns
    -------
    array
        None if feet come down fewer than twice.
    """
    feet = np.asarray(contacts.reshape(len(contacts), 2, 2).any(axis=2))
    lands = feet[1:] & ~feet[:-1]
    frames, sides = np.nonzero(lands)
    frames += 1
    # Of two feet that come down at once, one counts.
    kept = np.concatenate([[True], np.diff(frames) > 0]) if len(frames) else np.zeros(0, bool)
    frames, sides = frames[kept], sides[kept]
    if len(frames) < 2:
        return None
    # Left is 0, right is 1; the same foot again is a whole turn.
    turns = np.where(np.diff(sides) == 0, 2, 1) * math.pi
    angles = (0.0 if sides[0] else math.pi) + np.concatenate([[0.0], np.cumsum(turns)])
    times = np.arange(len(contacts))
    found = np.interp(times, frames, angles)
    first, last = turns[0] / (frames[1] - frames[0]), turns[-1] / (frames[-1] - frames[-2])
    found = np.where(times < frames[0], angles[0] + first * (times - frames[0]), found)
    return np.where(times > frames[-1], angles[-1] + last * (times - frames[-1]), found)
