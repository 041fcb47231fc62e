"""Which way a body faces, from the places of its hips and shoulders.

A heading is an angle in radians about the up axis: from the axis that follows up (x, y, z and x again) to the one after
that. With y up it is measured from z to x.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats

#: The landmarks from whose places a heading is found.
ACROSS = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
#: The least share of the way across a body that must be level for the body to have a heading: who lies on the side, to
#: six degrees, has none.
_LEAST_LEVEL = 0.1
#: Headings whose mean direction is shorter have none.
_LEAST_MEAN = 1e-3


def angles(across: Floats, up: int) -> Floats:
    """Return the headings (A,) of those frames that have one, in order.

    A frame has none where one of the landmarks is not visible, or the body lies on its side.

    Parameters
    ----------
    across
        (F, 4, 3), the places of :data:`ACROSS`; NaN where not visible.
    up
        0, 1 or 2.
    """
    found, has = _of_each(across, up)
    return found[has]


def of_frames(across: Floats, up: int) -> Floats | None:
    """Return the heading (F,) of each frame, or that of the last one before that has one, or of the first.

    None if no frame has one; arguments as for :func:`angles`.
    """
    found, has = _of_each(across, up)
    if not has.any():
        return None
    last = np.maximum.accumulate(np.where(has, np.arange(len(has)), int(has.argmax())))
    held: Floats = found[last]
    return held


def _of_each(across: Floats, up: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the heading (F,) of each frame, and whether it has one."""
    first, second = (up + 1) % 3, (up + 2) % 3
    right = across[:, 1] - across[:, 0] + across[:, 3] - across[:, 2]
    # Forward is up x right.
    along, aside = -right[:, second], right[:, first]
    with np.errstate(invalid="ignore"):
        has = np.hypot(along, aside) > _LEAST_LEVEL * np.linalg.norm(right, axis=1)
    found: Floats = np.arctan2(aside, along)
    return found, has


def mean(found: Floats) -> float | None:
    """Return the heading of the mean direction of some headings (A,); None if they cancel out."""
    along, aside = float(np.cos(found).mean()), float(np.sin(found).mean())
    return math.atan2(aside, along) if math.hypot(along, aside) > _LEAST_MEAN else None


def of_axis(axis: str, up: int) -> float:
    """Return the heading of a body that faces along an axis, ``"z"`` or ``"-x"``, that is not up."""
    quarter = 0 if "xyz".index(axis[-1]) == (up + 1) % 3 else 1
    return math.pi / 2 * quarter + (math.pi if axis[0] == "-" else 0.0)


def difference(one: float, other: float) -> float:
    """Return the turn from another heading to one, from -pi to pi."""
    return math.remainder(one - other, 2 * math.pi)
