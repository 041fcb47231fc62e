"""How the markers of a take lie to its skeleton: which frame belongs to which, on which axes, in which unit.

Nothing needs to be known of the markers' names. Markers and skeleton are one body if a marker
stays in its place on a bone: brought to the skeleton's world rightly, it is at rest in the frame of one of the joints,
whatever the body does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import rigid
from motionprep.maths.axes import AXES, matrix, mirrors
from motionprep.motion import kinematics
from motionprep.motion.arrays import Floats, Vector
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import POSITION_CHANNELS, Skeleton

#: How long a unit of CMU's skeletons is, in metres: an inch is 25.4 mm, and 0.45 of it such a unit.
CMU_UNIT = 0.0254 / 0.45
#: How far a lag is searched for, in frames of the skeleton.
MOST_LAG = 60

#: How far a ratio of rates may be from a whole number; television's 59.94 is 60, and 119.88 twice that.
_WHOLE = 2e-3
#: In fewer frames, and of fewer markers, too much agrees by chance.
_LEAST_FRAMES, _LEAST_MARKERS = 10, 3
#: In about how many frames, evenly apart, markers are held against bones.
_FRAMES = 100
#: The longest steps of a path are as a rule none of the body, such as that out of a T-pose: none counts as longer than
#: this part of them all.
_REST = 0.98
#: Transforms of such lengths are quick.
_QUICK = 256
#: What is less, as a part of the most, is no more than the transforms' rounding.
_STILL = 1e-9
#: By how much less than with the best axes the steps may be alike with others that are tried on the bones as well, and
#: with how many.
_NEARLY, _MOST_TRIED = 0.1, 12
#: How often at most each marker is given a joint, and then scale and offset are fitted to these.
_ROUNDS = 5
#: How much a squared distance from marker to joint counts beside a squared movement: so little that it only decides
#: what a body that hardly moves leaves open.
_CLOSENESS = 1e-3
#: By how many times the cost, a square, is to be less before markers are taken to be a mirror image or off their place.
_CLEARLY = 4.0
#: By how many times markers may reach further than joints, or less far, before they are not of the same body.
_REACH = 3.0
#: What is found is rounded to so many digits; further ones would depend on the order in which a machine adds.
_DIGITS = 6
#: For how long both must move, in seconds, before markers off their place can be distinguished from those of another
#: take, and for how long at least if they are on it.
_LONG, _LEAST_LONG = 4.0, 0.5
#: By how many times markers must move further when all are on one joint than each on its own before a body has bent
#: enough to know in so short a while that it is this one. It is 1 for a body that only goes and turns.
_LEAST_BEND = 2.25
_TOO_FEW = "skeleton and markers have too few frames in common"
_NOT_ALIKE = "skeleton and markers do not move alike"


@dataclass(frozen=True)
class Finding:
    """How markers lie to a skeleton: ``skeleton = scale * matrix(axes).T @ markers + offset``.

    Parameters
    ----------
    lag
        How many frames of the skeleton come before that of the markers' first frame; below zero if the markers begin
        first. Where the markers' rate is the higher one it may end between two frames.
    axes
        Of :data:`motionprep.maths.axes.AXES`.
    scale
        How many units of the skeleton a unit of the markers is.
    offset
        In the skeleton's units; zero unless the markers are clearly off the skeleton without it.
    residual
        How far markers move in the frames of their joints, in the skeleton's units: the root of the mean square, of
        that half of the markers that moves least. The others may be on limbs that whoever solved them did not match.
    size
        Of the body, in the skeleton's units: twice the longest way along bones from the root.
    motion_frames, marker_frames
        Which frames are the same; as many of both, at the lower of the two rates.
    clear
        Whether there is motion enough to find all this, where anything was searched for.
    """

    lag: float
    axes: str
    scale: float
    offset: Vector
    residual: float
    size: float
    motion_frames: range
    marker_frames: range
    clear: bool = True

    @property
    def share(self) -> float:
        """The residual as a part of the body's size."""
        return self.residual / self.size if self.size else math.inf

    @property
    def mirrored(self) -> bool:
        """Whether the axes are a mirror image."""
        return mirrors(self.axes)

    @property
    def origin(self) -> Floats | None:
        """The skeleton's origin in the markers' coordinates (3,); None if that is where theirs is."""
        return -(matrix(self.axes) @ self.offset) / self.scale if any(self.offset) else None


class _Guess(NamedTuple):
    """Like a :class:`Finding`, with the lag in ticks of the :class:`_Clock`."""

    lag: int
    axes: str
    scale: float


class _Fit(NamedTuple):
    guess: _Guess
    offset: Floats
    cost: float
    residual: float


def align_pair(
    motion: Motion | Poses,
    markers: Markers,
    *,
    lag: float | None = None,
    axes: str = "",
    scale: float = 0.0,
    most_lag: float = MOST_LAG,
    offset: bool = True,
) -> Finding:
    """Return how the markers of a take lie to its skeleton.

    The middle of the joints and that of the markers go the same way, which gives the lag, the scale, and those axes
    along which the body goes. The bones give the rest.

    Parameters
    ----------
    motion
        F frames.
    markers
        G frames, at a whole multiple or a whole part of the motion's rate.
    lag, axes, scale
        As in :class:`Finding`, where they are known; what is None, empty or 0 is searched for.
    most_lag
        How far to search for the lag, either way, in frames of the skeleton.
    offset
        Whether the markers may be off their place; otherwise both have one origin.

    Raises
    ------
    ValueError
        If the rates do not go together, too few frames are the same, too few markers are visible often enough, or they
        go another way than the joints.
    """
    clock = _Clock.of(motion.rate, markers.rate, motion.frames, markers.frames)
    known = None if lag is None else round(lag * clock.motion)
    reach = 0 if known is not None else math.floor(most_lag * clock.motion)
    if known is not None and axes and scale:
        guesses = [_Guess(known, axes, scale)]
    else:
        guesses = [
            guess._replace(scale=scale or guess.scale)
            for guess in _follow(motion, markers, clock, known or 0, reach, [axes] if axes else AXES)
        ]
    bones: dict[int, _Bones] = {}

    def fit(guess: _Guess) -> _Fit:
        if guess.lag not in bones:
            bones[guess.lag] = _Bones.of(motion, markers, *clock.frames(guess.lag))
        return bones[guess.lag].fit(guess, not scale, offset)

    best = min(map(fit, guesses), key=lambda fit: fit.cost * (_CLEARLY if mirrors(fit.guess.axes) else 1.0))
    for way in (-1, 1):
        while known is None and abs(best.guess.lag + way) <= reach and clock.common(best.guess.lag + way):
            beside = fit(best.guess._replace(lag=best.guess.lag + way))
            if beside.cost >= best.cost:
                break
            best = beside
    if not math.isfinite(best.cost):
        raise ValueError(_NOT_ALIKE)
    ours, theirs = clock.frames(best.guess.lag)
    seconds = len(ours) / min(motion.rate, markers.rate)
    known_all = known is not None and bool(axes) and bool(scale)
    return Finding(
        lag=best.guess.lag / clock.motion,
        axes=best.guess.axes,
        scale=scale or _rounded(best.guess.scale),
        offset=(_rounded(best.offset[0]), _rounded(best.offset[1]), _rounded(best.offset[2])),
        residual=_rounded(best.residual),
        size=bones[best.guess.lag].size,
        motion_frames=ours,
        marker_frames=theirs,
        clear=known_all or _is_clear(bones[best.guess.lag], best, seconds),
    )


def _is_clear(bones: _Bones, fit: _Fit, seconds: float) -> bool:
    """Return whether a fit to so many seconds is not one that markers of another take may have as well.

    A body that hardly bends goes a short way as any other does, once that is turned, scaled and moved to lie on it. Of
    3,600 pairs of wrong takes of CMU's kind, up to 1.7 s long, the residual alone let pass 1,100 and this none; nor any
    of 5,400 others at 30 to 120 frames a second that its limits were not chosen by. Of right pairs that have half a
    second and more in common it lets pass 99 in 100 at 60 or 120 frames a second, 97 at 30.
    """
    if seconds >= _LONG:
        return True
    return seconds >= _LEAST_LONG and not fit.offset.any() and bones.bend(fit) >= _LEAST_BEND


def go_together(rate: float, other: float) -> bool:
    """Return whether one of two rates is a whole multiple of the other, or nearly so."""
    ratio = max(rate, other) / min(rate, other)
    return abs(ratio - round(ratio)) <= _WHOLE * round(ratio)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


class _Clock(NamedTuple):
    """Time in ticks, one a frame at the higher of two rates.

    ``motion`` and ``markers`` are how many ticks their frames last, ``ends`` how many frames they have.
    """

    motion: int
    markers: int
    ends: tuple[int, int]

    @classmethod
    def of(cls, motion: float, markers: float, *ends: int) -> _Clock:
        whole = round(max(motion, markers) / min(motion, markers))
        if not go_together(motion, markers):
            raise ValueError(f"neither of the rates {motion:g} and {markers:g} is a whole multiple of the other")
        return cls(1 if motion > markers else whole, whole if motion > markers else 1, (ends[0], ends[1]))

    @property
    def step(self) -> int:
        """How many ticks a frame lasts at the lower rate."""
        return max(self.motion, self.markers)

    def common(self, lag: int) -> tuple[range, range] | None:
        """Return which frames are the same if the markers begin ``lag`` ticks after the motion; None if too few."""
        first = max(0, lag)
        first += ((lag if self.markers > 1 else 0) - first) % self.step
        last = min((self.ends[0] - 1) * self.motion, lag + (self.ends[1] - 1) * self.markers)
        count = max(0, (last - first) // self.step + 1)
        if count < _LEAST_FRAMES:
            return None
        starts = (
            (first // self.motion, self.step // self.motion),
            ((first - lag) // self.markers, self.step // self.markers),
        )
        ours, theirs = (range(start, start + (count - 1) * step + 1, step) for start, step in starts)
        return ours, theirs

    def frames(self, lag: int) -> tuple[range, range]:
        """Return the frames that are the same, as :meth:`common` does, or raise that they are too few."""
        found = self.common(lag)
        if found is None:
            raise ValueError(_TOO_FEW)
        return found


def _follow(
    motion: Motion | Poses, markers: Markers, clock: _Clock, lag: int, reach: int, words: Sequence[str]
) -> list[_Guess]:
    """Return the lags, axes and scales with which steps of the markers are most like the joints', the best first.

    The likeness is the cosine between all steps of the one and all of the other, in the frames that they share.

    Parameters
    ----------
    motion, markers
        At their own rates.
    clock
        Theirs.
    lag, reach
        In the middle of those that are looked at, and how far these go either way, in ticks.
    words
        Axes to choose from.
    """
    if reach:
        ours = range(0, motion.frames, clock.step // clock.motion)
        theirs = range(0, markers.frames, clock.step // clock.markers)
    else:
        ours, theirs = clock.frames(lag)
    one, other = _steps_of_joints(motion.at(ours)), _steps_of_markers(markers.at(theirs))
    lags = np.arange(-(reach // clock.step), reach // clock.step + 1)
    shared = np.minimum(len(one), len(other) + lags) - np.maximum(0, lags)
    lags = lags[shared >= max(_LEAST_FRAMES - 1, min(len(one), len(other)) // 2)]
    if not len(lags):
        raise ValueError(_TOO_FEW)
    # So much longer than the paths that what is moved out at one end does not come in at the other.
    size = _QUICK * math.ceil((max(len(one), len(other)) + reach) / _QUICK)
    one_waves, other_waves = (np.fft.rfft(_with_lengths(steps).T, size) for steps in (one, other))
    sums = np.fft.irfft(one_waves * other_waves[:, None].conj(), size)[..., lags]
    products = np.einsum("wab,abl->wl", np.stack([matrix(word) for word in words]), sums[:3, :3])
    squares, other_squares = np.maximum(sums[4, 3], 0.0), np.maximum(sums[3, 4], 0.0)
    moved = (squares > _STILL * squares.max()) & (other_squares > _STILL * other_squares.max())
    likeness = np.where(moved, products / np.sqrt(np.where(moved, squares * other_squares, 1.0)), 0.0)
    best, at = likeness.max(axis=1), likeness.argmax(axis=1)
    order = [row for row in np.argsort(-best, kind="stable") if best[row] > max(0.0, best.max() - _NEARLY)]
    if not order:
        raise ValueError(_NOT_ALIKE)
    return [
        _Guess(
            lag + clock.step * int(lags[at[row]]), words[row], float(products[row, at[row]] / other_squares[at[row]])
        )
        for row in order[:_MOST_TRIED]
    ]


def _steps_of_joints(motion: Motion | Poses) -> Floats:
    """Return the steps (F - 1, 3) of the middle of all joints."""
    places = kinematics.features(motion, ("positions",))["positions"]
    joints = len(motion.skeleton.joints)
    # A sum over the short axis in the middle is slow otherwise.
    return _limited(np.diff(np.einsum("fji->fi", places[:, :joints]) / joints, axis=0))


def _steps_of_markers(markers: Markers) -> Floats:
    """Return the mean steps (F - 1, 3) of those markers that are visible before and after; 0 where none is."""
    both = (markers.visible[1:] & markers.visible[:-1]).astype(np.float64)
    steps = np.einsum("fmi,fm->fi", np.diff(markers.positions, axis=0), both)
    return _limited(steps / np.maximum(both.sum(axis=1), 1.0)[:, None])


def _limited(steps: Floats) -> Floats:
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    most = np.quantile(lengths, _REST) if len(steps) else 0.0
    return np.where(lengths > most, steps * most / np.where(lengths > most, lengths, 1.0), steps)


def _with_lengths(steps: Floats) -> Floats:
    """Return steps (F, 3), their squared lengths and ones, side by side (F, 5)."""
    return np.column_stack([steps, np.einsum("fi,fi->f", steps, steps), np.ones(len(steps))])


@dataclass(frozen=True)
class _Bones:
    """Joints and markers in some of the frames that are the same, to see which markers are at rest on which joint.

    In the frame of a joint a marker is at ``turns.T @ (scale * point + offset - place)``. So its mean place there, and
    how far it moves about it, come from sums over the frames of products of three vectors, the point, the place and
    those of the world's axes, and these sums are taken once for any scale and offset.

    Parameters
    ----------
    places, turns
        (F, J, 3) and (F, J, 3, 3): joints in the world.
    points, weights
        (F, M, 3) and (F, M): markers that are often visible; the weights of each sum up to 1.
    size
        Of the body.
    """

    places: Floats
    turns: Floats
    points: Floats
    weights: Floats
    size: float

    @classmethod
    def of(cls, motion: Motion | Poses, markers: Markers, ours: range, theirs: range) -> _Bones:
        every = max(1, len(ours) // _FRAMES)
        motion, markers = motion.at(ours[::every]), markers.at(theirs[::every])
        seen = markers.visible.sum(axis=0)
        often = seen >= max(_LEAST_FRAMES, seen.max(initial=0) / 2)
        if np.count_nonzero(often) < _LEAST_MARKERS:
            raise ValueError("too few markers are visible often enough")
        found = kinematics.features(motion, ("positions", "global_rotations"))
        return cls(
            places=found["positions"][:, : len(motion.skeleton.joints)],
            turns=found["global_rotations"],
            points=markers.positions[:, often],
            weights=markers.visible[:, often] / seen[often],
            size=_size(motion, found["positions"]),
        )

    def fit(self, guess: _Guess, scale: bool, offset: bool) -> _Fit:
        """Return the scale, or offset, or both, that leave the markers most at rest; the guess's where not wanted."""
        if not scale and not offset:
            return self._as_guessed(guess)
        axes = matrix(guess.axes)
        products, means = self._products(axes)
        fits = [_solve(products, means, guess, scale, None)]
        if offset:
            middle = np.einsum("fmi,fm->mi", self.points, self.weights).mean(axis=0) @ axes
            beside = self.places.mean(axis=(0, 1)) - guess.scale * middle
            fits.append(_solve(products, means, guess, scale, beside))
        best = fits[-1] if fits[-1].cost * _CLEARLY < fits[0].cost else fits[0]
        ours, theirs = self._spreads
        theirs *= best.guess.scale
        return best if not scale or ours / _REACH < theirs < ours * _REACH else best._replace(cost=math.inf)

    def bend(self, fit: _Fit) -> float:
        """Return by how many times further all markers would move on one joint than they do each on its own."""
        products, means = self._products(matrix(fit.guess.axes))
        factors = np.array([1.0, *(fit.offset / fit.guess.scale), -1 / fit.guess.scale])
        mean = np.einsum("jmai,a->jmi", means, factors)
        moved = products @ factors @ factors - _CLOSENESS / (1 + _CLOSENESS) * np.sum(mean**2, axis=2)
        own, one = np.maximum(moved, 0.0).min(axis=0).mean(), moved.mean(axis=1).min()
        return math.sqrt(one / own) if own > 0 else math.inf

    def _as_guessed(self, guess: _Guess) -> _Fit:
        """Return the fit if there is nothing to find, as :func:`_solve` would, without all that could be varied."""
        points = self.points @ matrix(guess.axes)
        squares, means = rigid.rest(self.places / guess.scale, self.turns, points, self.weights)
        costs = squares - np.sum(means**2, axis=1) / (1 + _CLOSENESS)
        markers = np.arange(costs.shape[1])
        joints = costs.argmin(axis=0)
        least = _least(costs[joints, markers])
        cost = float(costs[joints[least], least].mean())
        return _Fit(guess, np.zeros(3), cost, _residual(cost, means[joints[least], :, least]) * guess.scale)

    @cached_property
    def _spreads(self) -> tuple[float, float]:
        """How far joints and markers are from their middle over all frames, the root of the mean square."""
        weights = self.weights / self.weights.shape[1]
        middle = np.einsum("fmi,fm->i", self.points, weights)
        ours = np.mean(np.sum((self.places - self.places.mean(axis=(0, 1))) ** 2, axis=2))
        theirs = np.einsum("fmi,fm->", (self.points - middle) ** 2, weights)
        return math.sqrt(ours), math.sqrt(theirs)

    def _products(self, axes: Floats) -> tuple[Floats, Floats]:
        """Return how five vectors vary together (J, M, 5, 5), seen from each joint and weighted as each marker is.

        The vectors are the point on the new axes, the world's axes x, y and z, and the joint's place. Also returned are
        their means in the joint's frame (J, M, 5, 3).
        """
        frames, joints = self.places.shape[:2]
        weights, markers = self.weights, self.weights.shape[1]
        points = self.points @ axes
        weighted = (points * weights[..., None]).swapaxes(1, 2).reshape(-1, markers)
        means = np.empty((joints, markers, 5, 3))
        # Axis by axis: matrices so small are multiplied by one thread, where several would wait for each other.
        for axis in range(3):
            turned = self.turns[..., axis]
            means[:, :, 0, axis] = turned.swapaxes(0, 1).reshape(joints, -1) @ weighted
            means[:, :, 1:4, axis] = _by_joint(turned.reshape(frames, -1).T @ weights, joints)
            means[:, :, 4, axis] = np.einsum("fji,fji->jf", turned, self.places) @ weights
        sums = np.empty((joints, markers, 5, 5))
        sums[:, :, 0, 0] = np.einsum("fmi,fmi,fm->m", points, points, weights)
        sums[:, :, 0, 1:4] = np.einsum("fmi,fm->mi", points, weights)
        sums[:, :, 0, 4] = self.places.swapaxes(0, 1).reshape(joints, -1) @ weighted
        sums[:, :, 1:4, 1:4] = np.eye(3)
        sums[:, :, 1:4, 4] = _by_joint(self.places.reshape(frames, -1).T @ weights, joints)
        sums[:, :, 4, 4] = np.einsum("fji,fji->jf", self.places, self.places) @ weights
        sums[:, :, 1:, 0], sums[:, :, 4, 1:4] = sums[:, :, 0, 1:], sums[:, :, 1:4, 4]
        return sums - means @ means.swapaxes(2, 3) / (1 + _CLOSENESS), means


def _by_joint(rows: Floats, joints: int) -> Floats:
    """Return rows (J * 3, M) as (J, M, 3)."""
    return rows.reshape(joints, 3, -1).swapaxes(1, 2)


def _solve(products: Floats, means: Floats, guess: _Guess, scale: bool, offset: Floats | None) -> _Fit:
    """Return the fit to :meth:`_Bones._products`; of the scale, if wanted, and of the offset, if there is a first one.

    Which joint a marker is on, which markers are the half that moves least, and what leaves these most at rest, is
    found in turns. All of it is measured in the markers' units: in the skeleton's, markers that shrink to a point would
    hardly move.
    """
    free = np.array([False, *[offset is not None] * 3, scale])
    factors = np.array([1.0, *([0.0] * 3 if offset is None else offset / guess.scale), -1 / guess.scale])
    markers = np.arange(products.shape[1])
    joints = least = np.empty(0, dtype=np.intp)
    for _ in range(_ROUNDS):
        costs, before = products @ factors @ factors, (joints, least)
        joints = costs.argmin(axis=0)
        least = _least(costs[joints, markers])
        if all(map(np.array_equal, before, (joints, least))):
            break
        chosen = products[joints[least], least].mean(axis=0)
        if free.any():
            against = chosen[free][:, ~free] @ factors[~free]
            factors[free] = np.linalg.lstsq(chosen[np.ix_(free, free)], -against, rcond=None)[0]
    cost = float(factors @ chosen @ factors)
    mean = np.einsum("mai,a->mi", means[joints[least], least], factors)
    if factors[4] >= 0:
        return _Fit(guess, np.zeros(3), math.inf, math.inf)
    found = -1 / float(factors[4])
    return _Fit(guess._replace(scale=found), factors[1:4] * found, cost, _residual(cost, mean) * found)


def _least(costs: Floats) -> NDArray[np.intp]:
    """Return that half of the markers that moves least on its joints."""
    return np.argsort(costs, kind="stable")[: (len(costs) + 1) // 2]


def _residual(cost: float, means: Floats) -> float:
    """Return the movement behind a cost of markers whose mean places are (M, 3): without what closeness added."""
    return math.sqrt(max(0.0, cost - _CLOSENESS / (1 + _CLOSENESS) * float(np.mean(np.sum(means**2, axis=1)))))


def _size(motion: Motion | Poses, places: Floats) -> float:
    """Return twice the longest way along bones from the root, of nodes at places (F, N, 3)."""
    size = _size_at_rest(motion.skeleton) if isinstance(motion, Motion) else None
    parents = motion.skeleton.node_parents
    return size or _twice_the_longest(parents, rigid.apart(places, places[:, list(parents)]).tolist())


@lru_cache(maxsize=512)
def _size_at_rest(skeleton: Skeleton) -> float | None:
    """Return the size of a body whose bones are as long in any pose; None if position channels may stretch them."""
    if any(name in POSITION_CHANNELS for names in skeleton.channels[1:] for name in names):
        return None
    return _twice_the_longest(skeleton.node_parents, np.linalg.norm(skeleton.node_offsets, axis=1).tolist())


def _twice_the_longest(parents: Sequence[int], bones: Sequence[float]) -> float:
    ways = [0.0]
    for length, parent in zip(bones[1:], parents[1:], strict=True):
        ways.append(ways[parent] + length)
    return 2 * max(ways)
