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
#: An ankle or toe that is slower than this, in body heights per second, may stand.
SLOW = 0.15
#: Standing points within this of where they usually stand, in body heights, agree on one floor.
LEVEL = 0.03
#: Fewer standing points, and fewer frames in which one stands, say nothing about the floor.
_FEWEST_POINTS, _FEWEST_FRAMES = 8, 5


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


def standing_heights(heights: Floats, stands: Bools) -> Floats:
    """Return the heights (4,) at which ankles and toes stand; of left and right the lower one.

    Parameters
    ----------
    heights
        (F, 4) of :data:`~motionprep.motion.feature_kinds.FEET`.
    stands
        (F, 4), where a point is slow enough to stand.
    """
    own = []
    for point in range(4):
        slow = heights[stands[:, point], point]
        some, share = (slow, 5) if len(slow) > _FEWEST_FRAMES else (heights[:, point], 20)
        place = len(some) // share
        own.append(float(np.partition(some, place)[place]))
    ankle, toe = min(own[0], own[2]), min(own[1], own[3])
    return np.array([ankle, toe, ankle, toe])


def floor_confidence(above: Floats, stands: Bools) -> float:
    """Return the share of standing points that agree on one floor; 0 where too few stand.

    Parameters
    ----------
    above
        (F, 4), heights of ankles and toes above where they stand, in body heights.
    stands
        (F, 4), where a point is slow enough to stand.
    """
    agree = np.abs(above[stands]) < LEVEL
    return float(agree.mean()) if agree.size >= _FEWEST_POINTS else 0.0


def standing_confidence(places: Floats, up: int, rate: float, body: float, clip: int | None = None) -> float:
    """Return :func:`floor_confidence` of ankles and toes, found from their places; 0 where they are not known.

    Parameters
    ----------
    places
        (F, 4, 3) of :data:`~motionprep.motion.feature_kinds.FEET`; NaN where not visible.
    up
        0, 1 or 2.
    rate
        Frames per second.
    body
        The body's height, in the unit of ``places``; 0 if it is not known.
    clip
        Frames in each of several clips that are laid end to end.
    """
    if (clip or len(places)) < 2 or not body > 0:
        return 0.0
    heights = places[..., up] / body
    speeds = _from_next(np.sqrt((_steps(places, clip) ** 2).sum(axis=-1)) * rate / body)
    seen = np.isfinite(speeds) & np.isfinite(heights)
    stands = seen & (speeds < SLOW)
    if not seen.any(axis=0).all():
        return 0.0
    return floor_confidence(heights - standing_heights(np.where(seen, heights, np.inf), stands), stands)


def body_height(legs: Floats, share: float = THIGH + SHANK) -> float:
    """Return a body's height from the lengths of its legs; 0 if they are not visible in any frame.

    Parameters
    ----------
    legs
        (F, L, 3, 3), hips, knees and ankles of L legs, or (F, L, 2, 3), knees and ankles alone.
    share
        What their length is of the body's height.
    """
    seen = legs[np.isfinite(legs).all(axis=(1, 2, 3))]
    if not len(seen):
        return 0.0
    lengths = np.linalg.norm(np.diff(seen, axis=2), axis=-1)
    return float(np.median(lengths, axis=0).sum(axis=1).mean() / share)


def _steps(places: Floats, clip: int | None) -> Floats:
    """Return how far points move to the next frame (C, T - 1, P, 3), clip by clip."""
    clips = places.reshape(-1, clip or len(places), *places.shape[1:])
    steps: Floats = np.diff(clips, axis=1)
    return steps


def _from_next(values: Floats) -> Floats:
    """Return values (F, P) of clips (C, T - 1, P), the last frame of each as the one before it."""
    whole = np.concatenate([values, values[:, -1:]], axis=1)
    return whole.reshape(-1, values.shape[-1])
