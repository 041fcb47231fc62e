"""Corrupts markers as cameras and labelling do, so that a network learns to do without them.

All works on :class:`Points`, which are those of one take or of a batch of windows: leading axes are taken together, and
a batch of one is corrupted like the take that is in it, bit by bit. What is not visible stays so, and is 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import spaces
from motionprep.motion.arrays import Floats
from motionprep.motion.markers import Markers
from motionprep.motion.take import Take
from motionprep.naming.units import METRES

Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Points:
    """Markers of a take or of a batch, with what has to be known of them.

    Parameters
    ----------
    positions
        (..., F, M, 3) float64; 0 where not visible.
    visible
        (..., F, M) bool.
    names
        One a marker; empty if not known.
    rate
        Frames a second; 0 if not known.
    metres
        That a unit of the positions is long; None if not known.
    """

    positions: Floats
    visible: Bools
    names: tuple[str, ...] = ()
    rate: float = 0.0
    metres: float | None = None

    def length(self, value: float, unit: str) -> float | None:
        """Return a length in the positions' unit; None if that is not known. ``"take"`` is that unit itself."""
        return length(value, unit, self.metres)


def length(value: float, unit: str, metres: float | None) -> float | None:
    """Return a length in units of ``metres`` each; None if that is not known. ``"take"`` is that unit itself."""
    if unit == "take":
        return value
    return None if metres is None else value * METRES[unit] / metres


def of_take(take: Take) -> Points | None:
    """Return a take's markers as corrupted so far, or None if it has none."""
    markers = take.corrupt or take.markers
    if markers is None:
        return None
    return Points(markers.positions, markers.visible, markers.names, markers.rate, spaces.metres(take, "markers"))


def into_take(take: Take, points: Points) -> Take:
    """Return the take with these as its corrupted markers; the others stay beside them."""
    markers = take.corrupt or take.markers
    if not isinstance(markers, Markers):
        raise TypeError("a take without markers has none to corrupt")
    return replace(take, corrupt=replace(markers, positions=points.positions, visible=points.visible))


def noise(points: Points, rng: np.random.Generator, sigma: float) -> Points:
    """Return points with Gaussian noise on each coordinate; ``sigma`` in the positions' unit."""
    positions = rng.standard_normal(points.positions.shape)
    positions *= sigma
    positions += points.positions
    positions[~points.visible] = 0.0
    return replace(points, positions=positions)


def occlude(points: Points, rng: np.random.Generator, sigma: float) -> Points:
    """Hide each marker of a frame with the chance ``min(|a|, 2 sigma)``, a from N(0, sigma) a frame (Holden 2018)."""
    return _without(points, _chosen(points, rng, sigma))


def shift(points: Points, rng: np.random.Generator, sigma: float, reach: float) -> Points:
    """Move each marker of a frame by U(-reach, reach) on each axis, chosen as :func:`occlude` does (Holden 2018).

    ``reach`` is in the positions' unit. What is drawn does not depend on which markers are visible, so hiding and
    shifting are independent whichever comes first.
    """
    chosen = np.flatnonzero(_chosen(points, rng, sigma))
    offsets = rng.uniform(-reach, reach, (len(chosen), 3))
    seen = points.visible.reshape(-1)[chosen]
    positions = points.positions.copy()
    positions.reshape(-1, 3)[chosen[seen]] += offsets[seen]
    return replace(points, positions=positions)


def _without(points: Points, hidden: Bools) -> Points:
    positions = points.positions.copy()
    positions[hidden] = 0.0
    return replace(points, positions=positions, visible=points.visible & ~hidden)


def _chosen(points: Points, rng: np.random.Generator, sigma: float) -> Bools:
    chances = np.minimum(np.abs(sigma * rng.standard_normal(points.visible.shape[:-1])), 2 * sigma)
    chosen: Bools = rng.random(points.visible.shape) < chances[..., None]
    return chosen


@dataclass(frozen=True)
class Gaps:
    """A process of gaps that come and go, the same at every frame; what lies between them is geometric.

    Parameters
    ----------
    share
        Of frames that are in a gap, at most a half.
    mean
        Frames that a gap is long on average, at least 1.
    spread
        0 for geometric lengths. Otherwise a gap is one frame and a lognormal rest, the logarithm of which has this
        standard deviation; the rest is rounded up or down by chance, so that the mean stays what it is.
    """

    share: float
    mean: float
    spread: float = 0.0

    def draw(self, rng: np.random.Generator, rows: int, frames: int) -> tuple[Integers, Integers]:
        """Return the first frames of gaps and the frames after their last, (rows, K) both, none above ``frames``."""
        between = self.mean * (1 - self.share) / self.share
        cycles = frames / (self.mean + between)
        block = int(cycles + 4 * math.sqrt(cycles)) + 1
        # A process that has always been going on may be within a gap at the first frame.
        within = rng.random(rows) < self.share
        ends = np.zeros((rows, 2), dtype=np.int64)
        ends[:, 0] = np.where(within, 0, rng.geometric(1 / between, rows).clip(max=frames))
        ends[:, 1] = ends[:, 0] + np.where(within, self._rests(rng, rows), self._lengths(rng, (rows,))).clip(max=frames)
        while ends[:, -1].min(initial=frames) < frames:
            lengths = np.empty((rows, block, 2), dtype=np.int64)
            lengths[..., 0] = rng.geometric(1 / between, (rows, block)).clip(max=frames)
            lengths[..., 1] = self._lengths(rng, (rows, block)).clip(max=frames)
            more = ends[:, -1:] + np.cumsum(lengths.reshape(rows, -1), axis=1)
            ends = np.concatenate([ends, more], axis=1)
        ends = ends.clip(max=frames)
        return ends[:, ::2], ends[:, 1::2]

    def _lengths(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64] | Integers:
        """Draw lengths of gaps, in frames."""
        if not self.spread or self.mean <= 1:
            return rng.geometric(1 / self.mean, shape)
        rest = np.exp(self._centre + self.spread * rng.standard_normal(shape))
        return 1 + np.floor(rest + rng.random(shape))

    def _rests(self, rng: np.random.Generator, rows: int) -> NDArray[np.float64] | Integers:
        """Draw what is left of gaps that are met at a frame: long ones are met more often, anywhere within them."""
        if not self.spread or self.mean <= 1:
            return rng.geometric(1 / self.mean, rows)
        # The chance of a length grows with it: of 1 + n, the 1 leaves the law as it is and the n raises its centre.
        rest = np.exp(self._centre + self.spread**2 + self.spread * rng.standard_normal(rows))
        below = np.floor(rest)
        up = rng.random(rows) * rest < (below + 1) * (rest - below)
        lengths = np.where(rng.random(rows) < 1 / self.mean, self._lengths(rng, (rows,)), 1 + below + up)
        return 1 + np.floor(rng.random(rows) * lengths)

    @property
    def _centre(self) -> float:
        return math.log(self.mean - 1) - self.spread**2 / 2

    def hidden(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Bools:
        """Return which of (..., F) frames are in a gap; each row has a process of its own."""
        frames, rows = shape[-1], math.prod(shape[:-1])
        starts, stops = self.draw(rng, rows, frames)
        turns = np.zeros((rows, frames + 1), dtype=np.int64)
        row = np.arange(rows)[:, None]
        np.add.at(turns, (row, starts), 1)
        np.add.at(turns, (row, stops), -1)
        inside: Bools = np.cumsum(turns[:, :-1], axis=1) > 0
        return inside.reshape(shape)


def bursts(points: Points, rng: np.random.Generator, gaps: Gaps) -> Points:
    """Hide each marker in gaps of its own."""
    lost = gaps.hidden(rng, (*points.visible.shape[:-2], points.visible.shape[-1], points.visible.shape[-2]))
    return _without(points, np.swapaxes(lost, -1, -2))


def lose(points: Points, rng: np.random.Generator, gaps: Gaps, groups: Sequence[Sequence[int]]) -> Points:
    """Hide groups of markers (their places among the M), each group as one, in gaps of its own."""
    lost = gaps.hidden(rng, (*points.visible.shape[:-2], len(groups), points.visible.shape[-2]))
    hidden = np.zeros(points.visible.shape, dtype=np.bool_)
    for number, group in enumerate(groups):
        hidden[..., list(group)] |= lost[..., number, :, None]
    return _without(points, hidden)


def swap(points: Points, rng: np.random.Generator, gaps: Gaps, near: bool) -> Points:
    """Exchange two labels while a gap lasts, other two in the next.

    The first is any of the M, at least two. The second is any other or, if ``near``, the one that is nearest to it in
    the gap's first frame; if one of these is not visible then, nothing is exchanged.
    """
    frames, markers = points.visible.shape[-2:]
    if not frames:
        return points
    positions = points.positions.reshape(-1, frames, markers, 3)
    visible = points.visible.reshape(-1, frames, markers)
    starts, stops = gaps.draw(rng, len(visible), frames)
    one = rng.integers(markers, size=starts.shape)
    other = (one + rng.integers(1, markers, size=starts.shape)) % markers
    if near:
        other = _nearest(positions, visible, starts, one)
    inside = np.arange(frames) < stops[..., None]
    inside &= np.arange(frames) >= starts[..., None]
    row, gap, frame = np.nonzero(inside)
    here, there = (row, frame, one[row, gap]), (row, frame, other[row, gap])
    swapped, seen = positions.copy(), visible.copy()
    swapped[here], swapped[there] = positions[there], positions[here]
    seen[here], seen[there] = visible[there], visible[here]
    shape = points.visible.shape
    return replace(points, positions=swapped.reshape(*shape, 3), visible=seen.reshape(shape))


def _nearest(positions: Floats, visible: Bools, starts: Integers, one: Integers) -> Integers:
    """Return which visible marker is nearest to ``one`` at each start (S, K); itself if there is none."""
    rows = np.arange(len(starts))[:, None]
    frames = np.minimum(starts, positions.shape[1] - 1)
    there, seen = positions[rows, frames], visible[rows, frames]
    picked = np.take_along_axis(there, one[..., None, None], axis=-2)
    distances = np.sum((there - picked) ** 2, axis=-1)
    distances[~seen] = np.inf
    np.put_along_axis(distances, one[..., None], np.inf, axis=-1)
    nearest = np.argmin(distances, axis=-1)
    found = np.take_along_axis(seen, one[..., None], axis=-1)[..., 0] & np.isfinite(distances.min(axis=-1))
    return np.where(found, nearest, one)
