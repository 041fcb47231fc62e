"""Takes at times between their frames."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.step import Step
from motionprep.motion.take import Take

Bools = NDArray[np.bool_]

#: Below this angle in radians an arc is as good as a line, and its sine is too small to divide by.
_STRAIGHT = 1e-6
#: By how much of a frame a last one may be missed through rounding.
_ON_A_FRAME = 1e-6

Part = TypeVar("Part", Motion | Poses, Markers)


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


def too_late(take: Take) -> bool:
    """Return whether a take has features, a root of its own or steps that go along: frames between would break them."""
    return take.root is not None or bool(take.arrays) or any(map(_goes_along, take.steps))


def renumbered(take: Take, found: Take, factor: float) -> Take:
    """Return ``found``, which is ``take`` with a frame at every ``factor`` of its own, with the file's frames it is of.

    They are no frames of the file any more; so many, from the same one on, is the nearest that can be said.
    """
    start = take.of_file.start if take.of_file is not None else 0
    first, step = take.in_file
    return replace(
        found,
        of_file=range(start, start + found.frames),
        retimed=(first - step * factor * start, step * factor),
    )


class Paced(NamedTuple):
    """Both modalities of a take, the rate of the faster one a whole multiple of the other's.

    Parameters
    ----------
    motion, markers
        One of them resampled.
    resampled
        Which modality, ``"motion"`` or ``"markers"``.
    step, start
        How many of its frames one lasts that it has now, and which of them, maybe between two, is the first one now:
        a lag of the two modalities as they were is ``step * lag + start`` of those that they are.
    """

    motion: Motion | Poses
    markers: Markers
    resampled: str
    step: float
    start: float


def paced(motion: Motion | Poses, markers: Markers, lag: float | None = None) -> Paced:
    """Return both modalities, the faster one resampled to the nearest whole multiple of the slower one's rate.

    Parameters
    ----------
    motion, markers
        Of different rates.
    lag
        Where it is known: how many frames of the motion come before that of the markers' first frame. Frames are then
        put where the other modality has them; otherwise where this one has its first.
    """
    slow, fast = sorted((motion.rate, markers.rate))
    times = max(round(fast / slow), 1)
    step = fast / (slow * times)
    if motion.rate > markers.rate:
        first = 0.0 if lag is None else lag % step
        return Paced(resampled(motion, slow * times, first), markers, "motion", step, first)
    first = 0.0 if lag is None else step * (-lag * times % 1.0)
    return Paced(motion, resampled(markers, slow * times, first), "markers", 1.0, -first / (step * times))


def resampled(modality: Part, rate: float, first: float) -> Part:
    """Return a motion or markers at another rate, from its frame ``first`` on, which may be between two."""
    step, last = modality.rate / rate, modality.frames - 1
    count = max(math.floor((last - first) / step + _ON_A_FRAME) + 1, 0)
    times = np.minimum(first + np.arange(count) * step, max(last, 0))
    changed: Part = _markers(modality, times) if isinstance(modality, Markers) else _motion(modality, times)
    return replace(changed, rate=rate)


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


def lines(values: Floats, times: Floats) -> Floats:
    """Return values (..., F, *) at times (..., T), in frames, each on the line between two frames."""
    first, second, part = _between(values, times)
    part = part.reshape(*part.shape, *[1] * (first.ndim - part.ndim))
    first = first * (1 - part)
    first += second * part
    return first


def arcs(matrices: Floats, times: Floats) -> Floats:
    """Return rotations (..., F, K, 3, 3) at times (..., T), in frames, each on the shortest arc between two frames."""
    first, second, part = _between(rotations.to_quaternion(matrices), times)
    return rotations.from_quaternion(slerp(first, second, part[..., None]))


def both(visible: Bools, times: Floats) -> Bools:
    """Return what of (..., F, M) is visible at times (..., T): in both frames around a time, or in the one it is on."""
    first, second, part = _between(visible, times)
    seen: Bools = (first | (part[..., None] == 1)) & (second | (part[..., None] == 0))
    return seen


def _between(values: NDArray[Any], times: Floats) -> tuple[NDArray[Any], NDArray[Any], Floats]:
    """Return values (..., F, *) in the frame before each time (..., T) and in that after it, and how far it is on."""
    lead = times.shape[:-1]
    frames = values.shape[len(lead)]
    before = np.clip(np.floor(times).astype(np.intp), 0, max(frames - 2, 0))
    rows: list[NDArray[np.intp]] = [row[..., None] for row in np.ix_(*map(np.arange, lead))]
    first, second = (values[(*rows, frame)] for frame in (before, np.minimum(before + 1, frames - 1)))
    return first, second, np.clip(times - before, 0.0, 1.0)


def _goes_along(step: Step) -> bool:
    return (step.axes is not None and step.axes.ndim == 3) or (step.origin is not None and step.origin.ndim == 2)


def _motion(motion: Motion | Poses, times: Floats) -> Poses:
    poses = motion.poses()
    return Poses(poses.skeleton, lines(poses.translations, times), arcs(poses.rotations, times), poses.rate)


def _markers(markers: Markers, times: Floats) -> Markers:
    visible = both(markers.visible, times)
    positions = np.where(visible[..., None], lines(markers.positions, times), 0.0)
    return replace(markers, positions=positions, visible=visible)
