"""Derivatives of what is known frame by frame, by differences of frames; each clip by itself.

``"backward"`` takes a frame and those before it, ``"forward"`` those after it, ``"central"`` both. Where one of them is
not there, a frame has the value of the nearest frame that has all; of ``"central"`` first differences, at either end,
the one-sided one.
"""

from __future__ import annotations

import numpy as np

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats


def first(values: Floats, rate: float, scheme: str = "backward", clip: int | None = None) -> Floats:
    """Return the change a second (F, ...) of values (F, ...), of at least two frames."""
    clips = values.reshape(-1, clip or len(values), *values.shape[1:])
    return (_spread(np.diff(clips, axis=1), scheme) * rate).reshape(values.shape)


def second(values: Floats, rate: float, scheme: str = "backward", clip: int | None = None) -> Floats:
    """Return the change of the change (F, ...), a second a second, of values (F, ...), of at least three frames."""
    clips = values.reshape(-1, clip or len(values), *values.shape[1:])
    changes = np.diff(clips, n=2, axis=1)
    before = {"backward": 2, "central": 1, "forward": 0}[scheme]
    padding = [(0, 0), (before, 2 - before), *[(0, 0)] * (values.ndim - 1)]
    return np.asarray(np.pad(changes, padding, mode="edge") * rate**2).reshape(values.shape)


def spins(matrices: Floats, rate: float, scheme: str = "backward", clip: int | None = None) -> Floats:
    """Return vectors (F, J, 3) about which rotations (F, J, 3, 3) turn, as long as the radians that they do a second.

    They are in the frame that the rotations lead to, the parent's of local ones. ``"central"`` is the mean of the spins
    from the frame before and to the next.
    """
    clips = matrices.reshape(-1, clip or len(matrices), *matrices.shape[1:])
    turned = rotations.to_axis_angle(clips[:, 1:] @ np.swapaxes(clips[:, :-1], -1, -2))
    return (_spread(turned, scheme) * rate).reshape(matrices.shape[:-1])


def _spread(changes: Floats, scheme: str) -> Floats:
    """Return the changes (C, T, ...) of T frames from those between them (C, T - 1, ...)."""
    backward = np.concatenate([changes[:, :1], changes], axis=1)
    forward = np.concatenate([changes, changes[:, -1:]], axis=1)
    if scheme == "central":
        return np.asarray(0.5 * (backward + forward))
    return forward if scheme == "forward" else backward
