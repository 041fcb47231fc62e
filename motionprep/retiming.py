"""Takes at times between their frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motionprep import kinematics, rotations
from motionprep.data import Floats, Markers, Motion, Poses, Take

#: Below this angle in radians an arc is as good as a line, and its sine is too small to divide by.
_STRAIGHT = 1e-6


def retime(take: Take, times: Floats) -> Take:
    """Return the take with a frame at each time, its rates and steps as they were.

    Translations and marker positions go along a line from frame to frame, rotations along the shortest arc. A marker is
    visible where it is in both frames, or in the one that the time falls on.

    Parameters
    ----------
    take
        Its steps are the same in all frames, and it has neither a root of its own nor arrays.
    times
        (K,), in frames, from 0 to the last frame.
    """
    return replace(
        take,
        motion=None if take.motion is None else _motion(take.motion, times),
        markers=None if take.markers is None else _markers(take.markers, times),
        corrupt=None if take.corrupt is None else _markers(take.corrupt, times),
    )


def slerp(one: Floats, other: Floats, part: Floats) -> Floats:
    """Return unit quaternions (..., 4) on the shortest arcs from ``one`` to ``other`` (..., 4).

    Shoemake 1985, "Animating rotation with quaternion curves".

    Parameters
    ----------
    one, other
        Unit quaternions, wxyz.
    part
        (...), of the way, from 0 to 1.
    """
    cosine = np.sum(one * other, axis=-1, keepdims=True)
    other = np.where(cosine < 0, -other, other)
    # Of the half chord and not of the cosine, which is flat where the angle is small.
    angle = 2 * np.arctan2(np.linalg.norm(other - one, axis=-1), np.linalg.norm(other + one, axis=-1))[..., None]
    part = part[..., None]
    sine = np.where(angle < _STRAIGHT, 1.0, np.sin(angle))
    first = np.where(angle < _STRAIGHT, 1 - part, np.sin((1 - part) * angle) / sine)
    second = np.where(angle < _STRAIGHT, part, np.sin(part * angle) / sine)
    mixed = first * one + second * other
    unit: Floats = mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)
    return unit


def _between(frames: int, times: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Floats]:
    """Return the frame before each time, with one after it if there is one at all, and how far from it the time is."""
    before = np.clip(np.floor(times).astype(np.intp), 0, max(frames - 2, 0))
    return before, np.clip(times - before, 0.0, 1.0)


def _motion(motion: Motion | Poses, times: Floats) -> Poses:
    poses = kinematics.poses(motion)
    before, part = _between(poses.frames, times)
    after = np.minimum(before + 1, poses.frames - 1)
    translations = poses.translations[before] * (1 - part[:, None, None])
    translations += poses.translations[after] * part[:, None, None]
    turns = rotations.to_quaternion(poses.rotations)
    turned = rotations.from_quaternion(slerp(turns[before], turns[after], part[:, None]))
    return Poses(poses.skeleton, translations, turned, poses.rate)


def _markers(markers: Markers, times: Floats) -> Markers:
    before, part = _between(markers.frames, times)
    after = np.minimum(before + 1, markers.frames - 1)
    visible = (markers.visible[before] | (part[:, None] == 1)) & (markers.visible[after] | (part[:, None] == 0))
    positions = markers.positions[before] * (1 - part[:, None, None])
    positions += markers.positions[after] * part[:, None, None]
    return replace(markers, positions=np.where(visible[..., None], positions, 0.0), visible=visible)
