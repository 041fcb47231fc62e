"""Frames of reference that go along with a body: where they are and how they are turned, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import rigid
from motionprep.maths.rigid import Mask
from motionprep.motion.arrays import Floats
from motionprep.motion.poses import Poses

#: Where markers are on a body, in centimetres to the left, up and forward of the middle of the waist; roughly, as only
#: the directions of a rigid frame's axes are taken from it.
BODY: Mapping[str, tuple[float, float, float]] = {
    "LFWT": (13, 2, 10),
    "RFWT": (-13, 2, 10),
    "LBWT": (5, 4, -11),
    "RBWT": (-5, 4, -11),
    "T10": (0, 27, -9),
    "STRN": (0, 25, 14),
    "CLAV": (0, 44, 11),
    "RBAC": (-9, 41, -8),
    "C7": (0, 50, -3),
    "LSHO": (16, 49, 3),
    "RSHO": (-16, 49, 3),
    "LFHD": (7, 70, 11),
    "RFHD": (-7, 70, 11),
    "LBHD": (6, 70, -7),
    "RBHD": (-6, 70, -7),
}

#: Sine and cosine of a heading that are both less than this, of a root upside down, are no more than rounding.
_LEAST_HEADING = 1e-6


class Frames(NamedTuple):
    """Axes (F, 3, 3), as columns in the world, and origins (F, 3); ``held`` of them were taken from other frames."""

    axes: Floats
    origin: Floats
    held: int


def of_root(poses: Poses) -> Frames:
    """Return the root joint's own frames."""
    return Frames(poses.rotations[:, 0], poses.translations[:, 0], 0)


def of_heading(poses: Poses, up: int) -> Frames | None:
    """Return upright frames below the root joint, on the floor, that turn with it; None if there is never a heading.

    The turn is the rotation about axis ``up`` that is nearest to the root's rotation, and so is the same however the
    root leans. A root upside down has none and keeps the last.
    """
    forward, left = (up + 1) % 3, (up + 2) % 3
    turn = poses.rotations[:, 0]
    cos = turn[:, forward, forward] + turn[:, left, left]
    sin = turn[:, left, forward] - turn[:, forward, left]
    size = np.hypot(cos, sin)
    kept = _kept(size > _LEAST_HEADING)
    if kept is None:
        return None
    cos, sin = cos[kept] / size[kept], sin[kept] / size[kept]
    axes = np.zeros_like(turn)
    axes[:, up, up] = 1.0
    axes[:, forward, forward] = axes[:, left, left] = cos
    axes[:, left, forward], axes[:, forward, left] = sin, -sin
    origin = poses.translations[:, 0].copy()
    origin[:, up] = 0.0
    return Frames(axes, origin, int(np.sum(kept != np.arange(len(kept)))))


def of_markers(names: Sequence[str], points: Floats, visible: Mask, up: int) -> Frames | None:
    """Return frames that are rigid with markers; None if they are never seen well enough.

    Their origin is the middle of the markers' :func:`~motionprep.maths.rigid.mean_shape`, and their axes are a body's,
    as :data:`BODY` has it: axis ``up`` points up along it, the next (x, y, z and x again) forward and the one after to
    the left. Where fewer than three names are in that table, the axes are those that are on average the world's.

    Parameters
    ----------
    names
        M.
    points, visible
        (F, M, 3) and (F, M).
    up
        0, 1 or 2.
    """
    shape, known = rigid.mean_shape(points, visible)
    axes, origin, good = rigid.fit(shape, points, visible & known)
    kept = _kept(good)
    if kept is None:
        return None
    listed = np.array([name in BODY for name in names])
    body = np.array([BODY.get(name, (0.0, 0.0, 0.0)) for name in names], dtype=np.float64)[:, np.roll([1, 2, 0], up)]
    turn, _, sure = rigid.fit(body, shape[None], (listed & known)[None])
    mean = turn[0] if sure[0] else rigid.nearest(axes[good].mean(axis=0)).T
    return Frames(axes[kept] @ mean, origin[kept], int(np.sum(~good)))


def _kept(good: Mask) -> NDArray[np.intp] | None:
    """Return, for each frame, the last good one up to it, the first good one if there is none; None if none is good."""
    if not good.any():
        return None
    frames = np.arange(len(good))
    return np.maximum(np.maximum.accumulate(np.where(good, frames, 0)), np.argmax(good))
