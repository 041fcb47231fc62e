"""Feet: skating, a treadmill, feet below or above the floor, and where the floor is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.feature_kinds import FEET
from motionprep.quality.body import Body, Mask, runs
from motionprep.quality.finding import Finding
from motionprep.quality.steps import Steps
from motionprep.quality.take import CheckedTake

_Floats = NDArray[np.float64]


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
        return [finding for body in bodies for finding in self._of_body(take, body)]

    def _of_body(self, take: CheckedTake, body: Body) -> Iterator[Finding]:
        key, steps = take.key, take.steps(body)
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
