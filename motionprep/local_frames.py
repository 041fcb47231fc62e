"""Frames of reference that go along with a body: where they are and how they are turned, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.data import Floats, Poses

Mask = NDArray[np.bool_]

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

#: Points that lie in a row, within a hundredth of its length, do not say how they are turned about it.
_NARROWEST = 1e-4
#: Sine and cosine of a heading that are both less than this, of a root upside down, are no more than rounding.
_LEAST_HEADING = 1e-6
#: How often a mean shape is fitted at most, to how many frames, and what part of its size it may still move by.
_FITS = 20
_FRAMES = 128
_SETTLED = 1e-5


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

    Their origin is the middle of the markers' :func:`mean_shape`, and their axes are a body's, as :data:`BODY` has it:
    axis ``up`` points up along it, the next (x, y, z and x again) forward and the one after to the left. Where fewer
    than three names are in that table, the axes are those that are on average the world's.

    Parameters
    ----------
    names
        M.
    points, visible
        (F, M, 3) and (F, M).
    up
        0, 1 or 2.
    """
    shape, known = mean_shape(points, visible)
    axes, origin, good = fit(shape, points, visible & known)
    kept = _kept(good)
    if kept is None:
        return None
    listed = np.array([name in BODY for name in names])
    body = np.array([BODY.get(name, (0, 0, 0)) for name in names])[:, np.roll([1, 2, 0], up)]
    turn, _, sure = fit(body, shape[None], (listed & known)[None])
    if not sure[0]:
        turn = _nearest(axes[good].mean(axis=0)[None])[0].swapaxes(1, 2)
    return Frames(axes[kept] @ turn, origin[kept], int(np.sum(~good)))


def mean_shape(points: Floats, visible: Mask) -> tuple[Floats, Mask]:
    """Return the mean shape (M, 3) of points (F, M, 3) that move as one, about its middle, and which are known (M,).

    All frames are aligned with a shape, and what they then have in common is the next shape, until it stays the same
    (Gower 1975, "Generalized Procrustes analysis"). The median over frames stands for the mean, so that a marker which
    jumps for some frames is no part of it. Of a long take, 128 frames evenly apart are used. A marker that is never
    visible together with three others remains unknown.
    """
    seen = np.flatnonzero(visible.sum(axis=1) >= 3)
    picked = seen[np.linspace(0, max(len(seen) - 1, 0), min(len(seen), _FRAMES)).astype(int)]
    points, visible = points[picked], visible[picked]
    if not len(picked):
        return np.zeros(points.shape[1:]), np.zeros(points.shape[1], dtype=bool)
    widths = np.linalg.svd(_centred(points, visible)[0], compute_uv=False)[:, 1]
    first = int(np.argmax(widths))
    shape, known = points[first], visible[first].copy()
    for _ in range(_FITS):
        axes, origin, good = fit(shape, points, visible & known)
        local = (points - origin[:, None]) @ axes
        last, shape, before, known = shape, np.zeros_like(shape), known, np.zeros_like(known)
        for marker, column in enumerate((visible & good[:, None]).T):
            if column.any():
                shape[marker], known[marker] = np.median(local[column, marker], axis=0), True
        if np.array_equal(before, known) and np.abs(shape - last)[known].max(initial=0.0) <= _SETTLED * np.ptp(shape):
            break
    return np.where(known[:, None], shape - shape[known].sum(axis=0) / max(known.sum(), 1), 0.0), known


def fit(shape: Floats, points: Floats, visible: Mask) -> tuple[Floats, Floats, Mask]:
    """Return how a shape is turned (F, 3, 3) and moved (F, 3) to lie best on points, and where this can be told (F,).

    The least squares of ``points - (turn @ shape + move)`` over what is visible (Kabsch 1976, "A solution for the best
    rotation to relate two sets of vectors"), which takes three points that are not in a row.

    Parameters
    ----------
    shape
        (M, 3).
    points, visible
        (F, M, 3) and (F, M).
    """
    around, middle = _centred(points, visible)
    model, centre = _centred(np.broadcast_to(shape, points.shape), visible)
    turn, widths = _nearest(around.swapaxes(1, 2) @ model)
    move = middle - (turn @ centre[..., None])[..., 0]
    good = (visible.sum(axis=1) >= 3) & (widths[:, 1] > _NARROWEST * widths[:, 0])
    return turn, move, good


def _nearest(matrices: Floats) -> tuple[Floats, Floats]:
    """Return the rotations nearest to matrices (F, 3, 3), and the matrices' singular values (F, 3)."""
    u, widths, v = np.linalg.svd(matrices)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ v))[:, None]
    return u @ v, widths


def _centred(points: Floats, visible: Mask) -> tuple[Floats, Floats]:
    """Return points (F, M, 3) about the middle (F, 3) of those that are visible, 0 where they are not."""
    count = np.maximum(visible.sum(axis=1), 1)
    middle = np.einsum("fmi,fm->fi", points, visible) / count[:, None]
    return np.where(visible[..., None], points - middle[:, None], 0.0), middle


def _kept(good: Mask) -> NDArray[np.intp] | None:
    """Return, for each frame, the last good one up to it, the first good one if there is none; None if none is good."""
    if not good.any():
        return None
    frames = np.arange(len(good))
    return np.maximum(np.maximum.accumulate(np.where(good, frames, 0)), np.argmax(good))
