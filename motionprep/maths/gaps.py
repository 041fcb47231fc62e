"""Which samples of markers cannot be true, and what takes the place of those and of the ones that were not seen.

Samples are positions (F, M, 3) with a mask (F, M). Nothing here looks at values that the mask leaves out.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats

Mask = NDArray[np.bool_]
_Indices = NDArray[np.intp]

#: How many samples a search for the next good one looks at first; twice as many each time.
_FIRST_LOOK = 8


def jumps(positions: Floats, visible: Mask, most: float) -> Mask:
    """Return which visible samples (F, M) are further from the last good one than a marker can have come.

    A marker's longest stretch without a jump is believed. From there it is followed to the end and to the beginning: a
    sample is good if it lies within ``most`` times the frames that have passed since the last good one. So a marker
    that stays where it jumped to is believed again once it could have gone there.

    Parameters
    ----------
    positions
        (F, M, 3).
    visible
        (F, M).
    most
        The way that a marker can go from one frame to the next, in the positions' units.
    """
    bad = np.zeros(visible.shape, dtype=np.bool_)
    for marker in range(visible.shape[1]):
        frames = np.flatnonzero(visible[:, marker])
        places = positions[frames, marker]
        breaks = _breaks(frames, places, most)
        if not len(breaks):
            continue
        starts, stops = np.append(0, breaks + 1), np.append(breaks, len(frames) - 1)
        longest = np.argmax(stops - starts)
        start, stop = starts[longest], stops[longest] + 1
        bad[frames[start:], marker] = _lost(frames[start:], places[start:], most)
        bad[frames[:stop][::-1], marker] |= _lost(-frames[:stop][::-1], places[:stop][::-1], most)
    return bad


def _breaks(frames: _Indices, places: Floats, most: float) -> _Indices:
    """Return after which of a marker's samples (K, 3) at ``frames`` (K,) it jumps."""
    ways = np.linalg.norm(np.diff(places, axis=0), axis=-1)
    return np.flatnonzero(ways > most * np.diff(frames))


def _lost(frames: _Indices, places: Floats, most: float) -> Mask:
    """Return which of a marker's samples (K, 3) at rising ``frames`` (K,) are too far from the last good one.

    The first is good.
    """
    bad = np.zeros(len(frames), dtype=np.bool_)
    breaks = _breaks(frames, places, most)
    good = 0
    while True:
        following = np.searchsorted(breaks, good)
        if following == len(breaks):
            return bad
        good = int(breaks[following])
        found = _next_good(frames, places, most, good)
        bad[good + 1 : found] = True
        good = found


def _next_good(frames: _Indices, places: Floats, most: float, good: int) -> int:
    """Return the first sample after ``good`` that can be reached from it; their number if none can."""
    first, look = good + 1, _FIRST_LOOK
    while first < len(frames):
        some = slice(first, first + look)
        ways = np.linalg.norm(places[some] - places[good], axis=-1)
        reached = np.flatnonzero(ways <= most * (frames[some] - frames[good]))
        if len(reached):
            return first + int(reached[0])
        first, look = first + look, 2 * look
    return len(frames)


def stretched(positions: Floats, visible: Mask, most: float) -> Mask:
    """Return which visible samples (F, M) of one rigid group of markers are out of its shape.

    The shape is the median, over the frames that have both, of the distance of each two markers. Where distances differ
    from it by more than ``most``, the marker that has most such distances is out of shape (of those that have equally
    many, the one whose distances differ most in all), and is left out; then the rest is looked at again. Of two markers
    alone nothing decides which one is wrong: both are taken to be.

    Parameters
    ----------
    positions
        (F, M, 3).
    visible
        (F, M).
    most
        By how much a distance may differ, in the positions' units.
    """
    count = visible.shape[1]
    shape = np.zeros((count, count))
    suspect = np.zeros(len(visible), dtype=np.bool_)
    for one, other in combinations(range(count), 2):
        both = visible[:, one] & visible[:, other]
        distances = np.linalg.norm(positions[both, one] - positions[both, other], axis=-1)
        if len(distances):
            shape[one, other] = shape[other, one] = np.median(distances)
            suspect[both] |= np.abs(distances - shape[one, other]) > most
    bad = np.zeros(visible.shape, dtype=np.bool_)
    frames = np.flatnonzero(suspect)
    while len(frames):
        left = visible[frames] & ~bad[frames]
        places = positions[frames]
        distances = np.linalg.norm(places[:, :, None] - places[:, None], axis=-1)
        off = np.where(left[:, :, None] & left[:, None], np.abs(distances - shape), 0.0)
        np.einsum("fii->fi", off)[:] = 0.0
        many = np.count_nonzero(off > most, axis=-1)
        found = many.any(axis=-1)
        frames, off, many = frames[found], off[found], many[found]
        far = np.where(many == many.max(axis=-1, keepdims=True), off.sum(axis=-1), -1.0)
        bad[frames] |= far == far.max(axis=-1, keepdims=True)
    return bad


def short(visible: Mask, longest: int) -> Mask:
    """Return which samples (F, M) are in gaps of at most ``longest`` frames, seen before and after."""
    before, after = _neighbours(visible)
    return ~visible & (before >= 0) & (after < len(visible)) & (after - before <= longest + 1)


def hold(positions: Floats, good: Mask, wanted: Mask) -> tuple[Floats, Mask]:
    """Return positions (F, M, 3) with the last good one in the place of each wanted sample.

    Parameters
    ----------
    positions
        (F, M, 3).
    good
        (F, M), what to take from.
    wanted
        (F, M), what to replace.

    Returns
    -------
    tuple
        The positions, and which samples (F, M) were replaced: those with a good one before.
    """
    before, _ = _neighbours(good)
    done = wanted & (before >= 0)
    frames, markers = np.nonzero(done)
    held = positions.copy()
    held[frames, markers] = positions[before[frames, markers], markers]
    return held, done


def fill(positions: Floats, good: Mask, wanted: Mask, method: str = "linear") -> tuple[Floats, Mask]:
    """Return positions (F, M, 3) with wanted samples interpolated.

    Parameters
    ----------
    positions
        (F, M, 3).
    good
        (F, M), what to take from.
    wanted
        (F, M), what to replace.
    method
        ``"linear"``: on the straight line between the two good neighbours, at an even pace. ``"cubic"``: on the Hermite
        curve between them whose tangents are those of the parabolas through each neighbour, the other one and the good
        sample next to it on the outside (Catmull and Rom's for uneven steps); the straight line's where there is none.

    Returns
    -------
    tuple
        The positions, and which samples (F, M) were replaced: those with a good one before and one after.
    """
    before, after = _neighbours(good)
    done = wanted & (before >= 0) & (after < len(good))
    frames, markers = np.nonzero(done)
    start, stop = before[frames, markers], after[frames, markers]
    here, there = positions[start, markers], positions[stop, markers]
    step = (stop - start)[:, None]
    part = (frames - start)[:, None] / step
    filled = positions.copy()
    if method == "linear":
        filled[frames, markers] = here + part * (there - here)
        return filled, done
    slope = (there - here) / step
    outside = np.where(start > 0, before[start - 1, markers], -1)
    leaving = _tangent(slope, step, positions[outside, markers], here, start - outside, outside >= 0)
    last = len(good) - 1
    outside = np.where(stop < last, after[np.minimum(stop + 1, last), markers], len(good))
    beyond = positions[np.minimum(outside, last), markers]
    arriving = _tangent(slope, step, there, beyond, outside - stop, outside <= last)
    rest = 1 - part
    filled[frames, markers] = rest * rest * ((1 + 2 * part) * here + part * step * leaving) + part * part * (
        (1 + 2 * rest) * there - rest * step * arriving
    )
    return filled, done


def _tangent(slope: Floats, step: _Indices, first: Floats, second: Floats, outer: _Indices, known: Mask) -> Floats:
    """Return the slope (K, 3), where two chords meet, of the parabola through their ends; ``slope`` if not known.

    One chord has ``slope`` over ``step`` (K, 1) frames, the other goes from ``first`` to ``second`` in ``outer`` (K,).
    """
    frames = outer[:, None]
    tangent: Floats = (step * (second - first) / frames + frames * slope) / (step + frames)
    return np.where(known[:, None], tangent, slope)


def _neighbours(good: Mask) -> tuple[_Indices, _Indices]:
    """Return the last good frame up to each sample (F, M), -1 if none, and the first one from there, F if none."""
    frames = np.arange(len(good))[:, None]
    before = np.maximum.accumulate(np.where(good, frames, -1), axis=0)
    after = np.minimum.accumulate(np.where(good, frames, len(good))[::-1], axis=0)[::-1]
    return before, after
