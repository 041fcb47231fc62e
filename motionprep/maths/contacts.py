"""Foot contacts: which of ankles and toes touch the floor, by speed and height."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats

Bools = NDArray[np.bool_]

#: Squared displacements from a frame to the next below which others say that a foot touches the floor, in the unit of
#: their data: HumanML3D's ``motion_process.py`` (metres, 20 frames per second), LAFAN1's ``extract.py`` (centimetres,
#: 30 frames per second; Harvey et al., "Robust Motion In-Betweening", 2020).
DISPLACEMENTS: Mapping[str, float] = {"humanml3d": 0.002, "lafan1": 0.02}
#: Thigh and shank as shares of the body's height (Winter, "Biomechanics and Motor Control of Human Movement", 2009).
THIGH, SHANK = 0.245, 0.246
#: The share of frames in which the body's lowest point is below the floor: noise, and toes that bend.
_BELOW = 5


@dataclass(frozen=True)
class Thresholds:
    """When a foot touches the floor, and how far it may go until it has left it.

    Parameters
    ----------
    speed, height
        Body heights per second, and body heights above the floor, below both of which a point begins to touch.
    leave_speed, leave_height
        Above either of which it ends to.
    """

    speed: float = 0.115
    height: float = 0.05
    leave_speed: float = 0.14
    leave_height: float = 0.07


def by_displacement(places: Floats, most: float, clip: int | None = None) -> Bools:
    """Return where points touch the floor: where they move by little from a frame to the next.

    Parameters
    ----------
    places
        (F, P, 3).
    most
        Squared distance, in the unit of ``places``, that a point moves less than.
    clip
        Frames in each of several clips that are laid end to end.

    Returns
    -------
    array
        (F, P) bool; the last frame of a clip as the one before it.
    """
    squares = _from_next((_steps(places, clip) ** 2).sum(axis=-1))
    return np.asarray(squares < most)


def by_hysteresis(
    places: Floats, heights: Floats, rate: float, thresholds: Thresholds, clip: int | None = None
) -> Bools:
    """Return where points touch the floor: slow and low, until they are fast or high.

    Parameters
    ----------
    places, heights
        (F, P, 3), and (F, P) above the floor, in body heights.
    rate
        Frames per second.
    thresholds
        When it begins and ends.
    clip
        Frames in each of several clips that are laid end to end.

    Returns
    -------
    array
        (F, P) bool.
    """
    speeds = _from_next(np.sqrt((_steps(places, clip) ** 2).sum(axis=-1)) * rate)
    begins = (speeds < thresholds.speed) & (heights < thresholds.height)
    lasts = (speeds < thresholds.leave_speed) & (heights < thresholds.leave_height)
    length = clip or len(places)
    # A point touches where the last frame that decides began a contact: neither begins nor ends decide between.
    decides = begins | ~lasts
    frames = np.arange(len(places))[:, None]
    last = np.maximum.accumulate(np.where(decides, frames, -1), axis=0)
    first_of_clip = frames - frames % length
    touches = np.take_along_axis(begins, np.maximum(last, 0), axis=0) & (last >= first_of_clip)
    return np.asarray(touches)


def floor_height(heights: Floats) -> float:
    """Return the height of the floor: that of the body's lowest point (F, N), low as it is in one frame of twenty."""
    return float(np.percentile(heights.min(axis=1), _BELOW))


def body_height(legs: Floats) -> float:
    """Return a body's height from hips, knees and ankles (F, L, 3, 3) of L legs: thigh and shank are shares of it."""
    lengths = np.linalg.norm(np.diff(legs, axis=2), axis=-1)
    return float(np.median(lengths, axis=0).sum(axis=1).mean() / (THIGH + SHANK))


def _steps(places: Floats, clip: int | None) -> Floats:
    """Return how far points move to the next frame (C, T - 1, P, 3), clip by clip."""
    clips = places.reshape(-1, clip or len(places), *places.shape[1:])
    steps: Floats = np.diff(clips, axis=1)
    return steps


def _from_next(values: Floats) -> Floats:
    """Return values (F, P) of clips (C, T - 1, P), the last frame of each as the one before it."""
    whole = np.concatenate([values, values[:, -1:]], axis=1)
    return whole.reshape(-1, values.shape[-1])
