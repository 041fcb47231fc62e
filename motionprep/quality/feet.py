"""Feet: skating, a treadmill, feet below or above the floor, and where the floor is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import contacts
from motionprep.maths.contacts import LEVEL, SLOW
from motionprep.motion.feature_kinds import FEET
from motionprep.quality import kernels
from motionprep.quality.body import Body, Mask, Up, runs
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake

_Floats = NDArray[np.float64]
#: As many samples as the floor is measured on.
_MOST = 400


@dataclass(frozen=True)
class Feet:
    """Find feet that do what feet on a floor do not.

    A foot is flat where ankle and toe are within ``flat`` of the height at which they stand, and neither rises nor
    sinks. The body skates where a foot is flat and no point of either foot stands still.

    Parameters
    ----------
    flat
        In body heights.
    skate, skate_lasting
        Speed in body heights per second, and seconds: recorded pivots and landings last less than a tenth of a second
        at such speeds.
    slide, slide_lasting
        The same for slow skating, which lasts.
    below, below_lasting
        Depth in body heights below where the point stands, and seconds.
    above, above_lasting
        Height in body heights of the lowest point of both feet above where it stands, and seconds, in which a body
        falls more than three metres.
    steady
        Share of their mean speed by which the feet of somebody on a treadmill vary, at most.
    treadmill_lasting
        Seconds of flat feet that move steadily.
    slope
        Degrees by which the floor may be tilted.
    offset
        Height of the floor, in body heights, from which it is noted.
    level
        Share of standing feet that agree on one floor, from which heights are judged at all: stairs are not.
    """

    flat: float = 0.02
    skate: float = 0.25
    skate_lasting: float = 0.15
    slide: float = 0.17
    slide_lasting: float = 0.45
    below: float = 0.05
    below_lasting: float = 0.04
    above: float = 0.04
    above_lasting: float = 0.8
    steady: float = 0.35
    treadmill_lasting: float = 2.0
    slope: float = 3.0
    offset: float = 0.06
    level: float = 0.5

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what is odd about the feet of a take."""
        bodies = [body for body in take.bodies if take.in_world and not (body.clip or body.planar)]
        return [finding for body in bodies for finding in self._of_body(take.key, body)]

    def _of_body(self, key: str, body: Body) -> Iterator[Finding]:
        steps = Steps(body)
        if not steps.known:
            return
        feet = steps.flat(self.flat)
        flat: Any = feet.any(axis=1)
        treadmill = list(self._treadmill(key, body, steps, feet))
        yield from treadmill or self._skate(key, body, steps, flat)
        tilted = list(self._slope(key, body, steps))
        yield from tilted
        if tilted or steps.confidence < self.level:
            return
        yield from self._depth(key, body, steps)
        yield from self._floor(key, body, steps)

    def _skate(self, key: str, body: Body, steps: Steps, flat: Mask) -> Iterator[Finding]:
        slip = steps.slip
        marked = np.zeros(len(flat), np.bool_)
        for limit, lasting in ((self.skate, self.skate_lasting), (self.slide, self.slide_lasting)):
            for first, last in runs(flat & (slip > limit)):
                if last - first + 1 >= lasting * steps.rate:
                    marked[first : last + 1] = True
        for first, last in runs(marked, 1):
            value = float(np.median(slip[first : last + 1]))
            yield Finding(
                "feet-skate",
                "warning",
                key,
                f"No foot stands still while one is flat on the floor: they slide at {value:.2f} body heights per "
                "second; leave these frames out, or lock the feet.",
                frames=steps.frames(first, last),
                value=value,
                limit=self.slide,
            )

    def _treadmill(self, key: str, body: Body, steps: Steps, feet: Mask) -> Iterator[Finding]:
        velocities = steps.velocities[feet]
        if len(velocities) < self.treadmill_lasting * steps.rate:
            return
        mean = np.median(velocities, axis=0)
        speed = float(np.linalg.norm(mean))
        apart = float(np.median(np.linalg.norm(velocities - mean, axis=1)))
        # A body that slides as a whole travels; one on a treadmill stays.
        if speed > self.slide and apart < self.steady * speed and steps.travel < 0.5 * speed:
            shown = np.flatnonzero(feet.any(axis=1))
            yield Finding(
                "feet-treadmill",
                "warning",
                key,
                f"Feet on the floor slide at one steady velocity of {speed:.2f} body heights per second while the body "
                "stays in place, as on a treadmill; add the belt's movement to the root, or leave the motion out.",
                frames=steps.frames(int(shown[0]), int(shown[-1])),
                value=speed,
                limit=self.slide,
            )

    def _depth(self, key: str, body: Body, steps: Steps) -> Iterator[Finding]:
        lowest = steps.above.min(axis=1)
        point = steps.above.argmin(axis=1)
        for first, last in runs(lowest < -self.below, 1):
            if last - first + 1 < self.below_lasting * steps.rate:
                continue
            deepest = first + int(lowest[first : last + 1].argmin())
            value = float(-lowest[deepest])
            name = body.names[body.landmarks[FEET[point[deepest]]][0]]
            yield Finding(
                "feet-below-floor",
                "warning",
                key,
                f"{name} is {value:.2f} body heights below the floor; leave these frames out, or lift the body.",
                frames=steps.frames(first, last),
                joint=name,
                value=value,
                limit=self.below,
            )
        for first, last in runs(lowest > self.above):
            if last - first + 1 < self.above_lasting * steps.rate:
                continue
            # Who sits or lies lifts the feet without floating.
            root = steps.root[first : last + 1]
            if np.median(root) < steps.standing + self.above / 2:
                continue
            value = float(np.median(lowest[first : last + 1]))
            yield Finding(
                "feet-floating",
                "warning",
                key,
                f"Both feet are {value:.2f} body heights above the floor for {(last - first + 1) / steps.rate:.1f} s; "
                "put the body on the floor, or leave these frames out if nothing is there to stand on.",
                frames=steps.frames(first, last),
                value=value,
                limit=self.above,
            )

    def _floor(self, key: str, body: Body, steps: Steps) -> Iterator[Finding]:
        if abs(steps.floor) > self.offset:
            yield Finding(
                "feet-floor",
                "note",
                key,
                f"The floor is at {steps.floor * body.height:.4g} units along {body.up.name if body.up else 'y'}, not "
                f"0 (confidence {steps.confidence:.2f}); put the motion on the floor if a model expects it there.",
                value=steps.floor,
                limit=self.offset,
            )

    def _slope(self, key: str, body: Body, steps: Steps) -> Iterator[Finding]:
        degrees, confidence = steps.slope
        if degrees > self.slope and confidence >= self.level:
            yield Finding(
                "feet-slope",
                "warning",
                key,
                f"The floor on which the feet stand is tilted by {degrees:.1f} degrees (confidence {confidence:.2f}); "
                "turn the motion upright, or leave it out if it is a ramp.",
                value=degrees,
                limit=self.slope,
            )


class Steps:
    """How the feet of a body move, in body heights and seconds, between its T-poses.

    Parameters
    ----------
    body
        Its hips, ankles and toes are looked for.
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        long_enough = body.moving.stop - body.moving.start >= max(4, round(0.3 * body.rate))
        #: Whether there are feet to look at.
        self.known = bool(body.height) and long_enough and body.has(*FEET, "pelvis") and body.up is not None
        #: Samples per second.
        self.rate = body.rate
        if self.known:
            self.rate = body.coarse.rate
            places = body.coarse.at(*FEET)
            self.known = len(places) > 3 and bool(np.isfinite(places).all(axis=(1, 2)).mean() > 0.5)
            self._places: _Floats = _filled(places)

    def frames(self, first: int, last: int) -> tuple[int, int]:
        """Return the frames of the take, counted from 1, that samples are."""
        return self._body.coarse.frames(first, last)

    @cached_property
    def _moves(self) -> tuple[_Floats, _Floats, _Floats]:
        """Velocities (F, 4, 3) of ankles and toes, and their speeds (F, 4), level and whole."""
        up = self._body.up or Up(1, 1, 0.0)
        moves: tuple[_Floats, _Floats, _Floats] = kernels.velocities(self._places, up.axis, self.rate)
        return moves

    @cached_property
    def heights(self) -> _Floats:
        """Heights (F, 4) of ankles and toes."""
        heights: _Floats = self._body.heights(self._places)
        return heights

    @cached_property
    def _standing(self) -> Mask:
        standing: Mask = np.asarray(self._moves[2] < SLOW)
        return standing

    @cached_property
    def _base(self) -> _Floats:
        """Heights (4,) at which ankles and toes stand; of left and right the lower one."""
        return contacts.standing_heights(self.heights, self._standing)

    @cached_property
    def above(self) -> _Floats:
        """Heights (F, 4) of ankles and toes above where they stand."""
        above: _Floats = self.heights - self._base
        return above

    @cached_property
    def confidence(self) -> float:
        """Share of standing points that agree on one floor; 0 where too few stand."""
        return contacts.floor_confidence(self.above, self._standing)

    def flat(self, most: float) -> Mask:
        """Return (T, 2) whether the left and the right foot are flat on the floor, to a height in body heights."""
        level = (np.abs(self.above) < most) & (np.abs(self._body.heights(self._moves[0])) < SLOW)
        flat: Mask = np.asarray(level.reshape(-1, 2, 2).all(axis=2))
        return flat

    @cached_property
    def slip(self) -> _Floats:
        """Horizontal speed (F,) of the slowest of ankles and toes."""
        slip: _Floats = self._moves[1].min(axis=1)
        return slip

    @cached_property
    def velocities(self) -> _Floats:
        """Horizontal velocities (T, 2, 2) of the left and the right foot."""
        moves = self._moves[0]
        velocities: _Floats = self._body.horizontal((moves[:, ::2] + moves[:, 1::2]) / 2)
        return velocities

    @cached_property
    def _root(self) -> _Floats:
        return _filled(self._body.coarse.at("pelvis"))[:, 0]

    @cached_property
    def root(self) -> _Floats:
        """Heights (F,) of the pelvis."""
        heights: _Floats = self._body.heights(self._root)
        return heights

    @cached_property
    def standing(self) -> float:
        """Height of the pelvis while a foot stands."""
        stands = self._standing.any(axis=1) & (np.abs(self.above).min(axis=1) < LEVEL)
        return float(np.median(self.root[stands] if stands.any() else self.root))

    @cached_property
    def travel(self) -> float:
        """Mean speed of the pelvis from start to end, in a straight line."""
        ends = self._body.horizontal(self._root[[0, -1]])
        return float(np.linalg.norm(ends[1] - ends[0]) / (len(self._root) / self.rate))

    @cached_property
    def floor(self) -> float:
        """Height of the floor, which the body's lowest point is below in one sample of twenty."""
        body, moving = self._body, self._body.moving
        frames = np.arange(moving.start, moving.stop, max(body.coarse.step, (moving.stop - moving.start) // _MOST))
        heights = body.heights(body.positions[frames]).astype(np.float64) / body.height
        if body.visible is not None:
            seen = body.visible[frames]
            heights = np.where(seen, heights, np.inf)[seen.any(axis=1)]
        return contacts.floor_height(heights) if len(heights) else 0.0

    @cached_property
    def slope(self) -> tuple[float, float]:
        """Degrees by which the floor is tilted, and from 0 to 1 how well the standing points lie on one plane."""
        heights, planes, kinds = [], [], []
        for point in range(4):
            own = np.flatnonzero(self._standing[:, point])
            own = own[:: max(1, len(own) // 500)]
            heights.append(self.heights[own, point])
            planes.append(self._body.horizontal(self._places[own, point]))
            kinds.append(np.full(len(own), point % 2))
        height, plane, kind = np.concatenate(heights), np.concatenate(planes), np.concatenate(kinds)
        if len(height) < 30 or plane.std(axis=0).max() < 0.25:
            return 0.0, 0.0
        terms = np.column_stack([plane - plane.mean(axis=0), kind == 0, kind == 1])
        solved, *_ = np.linalg.lstsq(terms, height, rcond=None)
        errors = np.abs(height - terms @ solved)
        # Somebody who stands in a line says nothing about the slope across it.
        tilt = float(np.degrees(np.arctan(np.linalg.norm(solved[:2] * (plane.std(axis=0) > 0.1)))))
        return tilt, float((errors < LEVEL).mean())


def _filled(places: NDArray[Any]) -> _Floats:
    """Return places (F, K, 3) with those that are NaN on the line between their neighbours."""
    flat = places.reshape(len(places), -1)
    for column in flat.T if np.isnan(flat).any() else ():
        lost = np.isnan(column)
        if lost.all():
            column[:] = 0
        else:
            column[lost] = np.interp(np.flatnonzero(lost), np.flatnonzero(~lost), column[~lost])
    return flat.reshape(places.shape)
