"""Make a motion: a body performs a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from motionprep.sample import bodies, curves, draws, limbs
from motionprep.sample.corpus import RATE

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats
    from motionprep.motion.motion import Motion
    from motionprep.motion.skeleton import Skeleton
    from motionprep.sample.corpus import PlannedMotion
    from motionprep.sample.gaits import Gait

# Going back and forth through this angle leads to where it began: the first zero of the Bessel function J0, in degrees.
_EIGHT = 137.79
# Degrees a frame, on average.
_FASTEST_TURN = 0.6
# Where a motion begins is at most so many units from the middle of the room, along either axis.
_FAR = 20.0


def performance(skeleton: Skeleton, planned: PlannedMotion) -> Motion:
    """Return a motion at 120 frames a second: a T-pose, then the plan.

    The lower foot carries the body: the pelvis is as far above the floor (y = 0) as that foot's sole is below it.

    Parameters
    ----------
    skeleton
        Who moves, from :func:`~motionprep.sample.bodies.body`.
    planned
        What is done, and for how long.

    Returns
    -------
    Motion
        Its channels (F, 96) are in degrees and in units of 56.444 mm, y up.
    """
    import numpy as np

    from motionprep.motion.motion import Motion

    gait, manner = planned.act.gait, bodies.manner(planned.subject, planned.seed)
    draw = draws.source(planned.seed, planned.subject, planned.number, "motion")
    time = np.arange(planned.frames - 1) / RATE

    def slow(seconds: float, size: float) -> Floats:
        return size * curves.cosine(time / (seconds * (0.7 + 0.6 * draw())) + draw())

    period = gait.period * manner.tempo * (0.92 + 0.16 * draw())
    vigour = (0.88 + 0.24 * draw()) * (1.0 + slow(5.0, 0.06))
    cycle = draw() + time / period + slow(9.0, 0.04)
    heading = 180.0 * draw() - 90.0 + _turned(planned, time, draw) + slow(6.0, 4.0)
    start_x, start_z = (_FAR * (2.0 * draw() - 1.0) for _ in "xz")
    left = curves.harmonics(cycle)
    right = left if gait.paired else curves.harmonics(cycle + 0.5)
    lean = manner.lean + curves.wave(gait.lean, left)

    rows = np.zeros((len(skeleton.channel_names), len(time)))
    limbs.hold(rows, time, draw)
    for arm, phase in ((bodies.LEFT_ARM, left), (bodies.RIGHT_ARM, right)):
        limbs.arm(rows, arm, gait=gait, manner=manner, vigour=vigour, phase=phase)
    (left_reach, left_way), (right_reach, right_way) = (
        limbs.leg(rows, skeleton, leg, gait=gait, lean=lean, vigour=vigour, phase=phase)
        for leg, phase in ((bodies.LEFT_LEG, left), (bodies.RIGHT_LEG, right))
    )

    reach, share = curves.greater(left_reach, right_reach, gait.passage)
    held = -share * left_way - (1.0 - share) * right_way
    even = gait.stride * bodies.leg_length(skeleton) / (period * RATE) * vigour
    air = _flight(gait, cycle)
    step = gait.hold * held + (1.0 - gait.hold) * even + planned.act.leap / RATE * air
    ahead, aside = curves.cosine(heading / 360.0), curves.sine(heading / 360.0)
    strike, stance = left[0], left[1]
    rows[0] = start_x + np.cumsum(step * aside) + gait.sway * stance * ahead
    rows[1] = reach + gait.lift * air
    rows[2] = start_z + np.cumsum(step * ahead) - gait.sway * stance * aside
    # The first angle is about the world's z, which is the line of travel only while the heading is near it.
    rows[3] += gait.roll * stance * ahead
    rows[4] += heading - gait.twist * strike
    rows[5] += lean
    for joint in (bodies.SPINE, bodies.SPINE1):
        rows[bodies.row(joint) + 1] += gait.twist * strike

    channels = np.zeros((planned.frames, len(rows)))
    channels[1:] = rows.T
    channels[0, :3] = channels[1, :3]
    for joint, angle in ((bodies.LEFT_LEG, manner.spread), (bodies.LEFT_ARM, manner.droop)):
        channels[0, bodies.row(joint)], channels[0, bodies.row(bodies.TWIN[joint])] = -angle, angle
    return Motion(skeleton, channels, RATE)


def _turned(planned: PlannedMotion, time: Floats, draw: Callable[[], float]) -> Floats:
    """Return how far the heading is from where it began, in degrees to the left."""
    if planned.in_eights:
        return _EIGHT * curves.sine(time / (12.0 + 4.0 * draw()) + draw())
    count = len(time)
    most = _FASTEST_TURN * count
    share = time * (RATE / count)
    return min(max(planned.act.turn, -most), most) * share * share * share * (10.0 - share * (15.0 - 6.0 * share))


def _flight(gait: Gait, cycle: Floats) -> Floats:
    """Return how high in the air the body is, from 0 to 1 at most."""
    middle, least = gait.flight
    around = curves.cosine((cycle - middle) * (1.0 if gait.paired else 2.0))
    above = curves.positive(around - least, 0.0) / (1.0 - least)
    return above * above
