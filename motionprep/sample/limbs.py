"""How the joints of a body are held and move, written as angles into the rows of a motion's channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from motionprep.sample import bodies, curves

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats
    from motionprep.motion.skeleton import Skeleton
    from motionprep.sample.gaits import Gait

# The axes of knee, ankle and toes stand so many degrees out, and the arms hang 80 degrees down.
_LEG = 20.0
_COS_ARM, _SIN_ARM = 0.17364817766693041, 0.984807753012208

# How a joint is held and how far it drifts from that, in degrees, Z Y X; of a pair the left one.
_HELD = (
    (bodies.LEFT_LEG, (0.0, 0.0, 0.0), (1.0, 1.2, 0.0)),
    (bodies.LEFT_LEG + 2, (0.0, 2.0, 0.0), (0.0, 1.2, 0.0)),
    (bodies.LOWER_BACK, (0.0, 0.0, 8.0), (1.0, 0.8, 1.5)),
    (bodies.SPINE, (0.0, 0.0, 2.0), (0.8, 0.8, 0.8)),
    (bodies.SPINE1, (0.0, 0.0, -8.0), (0.8, 0.8, 0.8)),
    (bodies.NECK, (0.0, 0.0, -7.0), (1.2, 1.5, 1.5)),
    (bodies.NECK + 1, (0.0, 0.0, 6.0), (1.5, 3.0, 2.0)),
    (bodies.NECK + 2, (0.0, 0.0, 4.0), (0.8, 1.5, 1.2)),
    (bodies.LEFT_ARM, (0.0, 0.0, 9.0), (2.0, 2.0, 2.0)),
    (bodies.LEFT_ARM + 1, (0.0, 0.0, 0.0), (1.5, 0.0, 0.0)),
    (bodies.LEFT_ARM + 2, (0.0, 0.0, 5.0), (0.0, 0.0, 4.0)),
    (bodies.LEFT_ARM + 3, (0.0, 6.0, 0.0), (0.0, 3.0, 1.5)),
    (bodies.LEFT_ARM + 4, (-7.125, 0.0, 0.0), (0.0, 0.0, 0.0)),
    (bodies.LEFT_ARM + 5, (0.0, 8.0, 0.0), (0.0, 3.0, 2.0)),
)

# Of a foot: how deep the sole is below the ball and how far the heel is behind the ankle, in lengths of the foot, and
# how much of its pitch the toes take back.
_SOLE, _HEEL, _TOES = 0.25, -0.3, 0.7
# The same within a foot, in units, as a gait's ``passage``.
_ROLL = 0.6
# Where a knee, an elbow or the toes would be straight or bend the wrong way they are still bent by up to half of this,
# in degrees.
_BENT, _TOES_BENT = 4.0, 12.0


def hold(rows: Floats, time: Floats, draw: Callable[[], float]) -> None:
    """Write how each joint is held and slowly drifts into ``rows`` (C, F)."""
    import numpy as np

    held = []
    for joint, angles, drifts in _HELD:
        for axis, (angle, drift) in enumerate(zip(angles, drifts, strict=True)):
            held.append((bodies.row(joint) + axis, angle, drift))
            if joint in bodies.TWIN:
                held.append((bodies.row(bodies.TWIN[joint]) + axis, angle if axis == 2 else -angle, drift))
    held = [(row, angle, drift) for row, angle, drift in held if angle or drift]
    waves = np.array([(1.0 / (2.8 + 2.4 * draw()), draw()) for _ in held])
    places, angles_held, sizes = (np.array(values)[:, None] for values in zip(*held, strict=True))
    rows[places[:, 0]] += angles_held + sizes * curves.cosine(waves[:, :1] * time + waves[:, 1:])


def leg(
    rows: Floats, skeleton: Skeleton, first: int, *, gait: Gait, lean: Floats, vigour: Floats, phase: Sequence[Floats]
) -> tuple[Floats, Floats]:
    """Write a leg's angles into ``rows`` (C, F), from the thigh, joint ``first``, to the toes.

    Returns
    -------
    reach, way
        (F,) each: how far the sole is below the hips, and how far what carries of it has come forward since the frame
        before, as seen from the hips.
    """
    import numpy as np

    split = 1.0 if first == bodies.LEFT_LEG else -1.0
    hip = vigour * curves.wave(gait.hip, phase)
    knee = curves.positive(vigour * curves.wave(gait.knee, phase), _BENT)
    ankle = curves.wave(gait.ankle, phase)
    pitch = knee - hip - ankle
    for joint, angle in ((first, -hip - lean), (first + 1, knee), (first + 2, -ankle)):
        # The thigh hangs straight, what is below it goes on in its direction.
        out = 0.0 if joint == first else split * _LEG
        _add(rows, joint, curves.swing(angle, bodies.COS_LEG, split * bodies.SIN_LEG), out)
    rows[bodies.row(first + 3) + 2] -= _TOES * curves.positive(pitch, _TOES_BENT)

    # In the plane of the leg, which stands nearly upright whatever the pelvis does: y up, z forward.
    upper, thigh, shin, foot = skeleton.offsets[first : first + 4]
    y, z = curves.turn(lean, upper[1], upper[2])
    for angle, length in ((-hip, thigh[1] / bodies.COS_LEG), (knee - hip, shin[1] / bodies.COS_LEG)):
        across, along = curves.turn(angle, length, 0.0)
        y, z = y + across, z + along
    sole = foot[1] / bodies.COS_LEG - _SOLE * foot[2]
    (ball_y, ball_z), (heel_y, heel_z) = (curves.turn(pitch, sole, place) for place in (foot[2], _HEEL * foot[2]))
    reach, share = curves.greater(-y - ball_y, -y - heel_y, _ROLL)
    ball_way, heel_way = (np.diff(z + place, prepend=(z + place)[:1]) for place in (ball_z, heel_z))
    return reach, share * ball_way + (1.0 - share) * heel_way


def arm(
    rows: Floats, first: int, *, gait: Gait, manner: bodies.Manner, vigour: Floats, phase: Sequence[Floats]
) -> None:
    """Write an arm's angles into ``rows`` (C, F), the upper arm being joint ``first``."""
    split = 1.0 if first == bodies.LEFT_ARM else -1.0
    swing = -manner.swing * vigour * curves.wave(gait.arm, phase)
    _add(rows, first, curves.swing(swing, _COS_ARM, split * _SIN_ARM), 0.0)
    elbow = curves.positive(manner.elbow + curves.wave(gait.elbow, phase), _BENT)
    rows[bodies.row(first + 1)] += split * 0.3 * elbow
    rows[bodies.row(first + 1) + 1] -= split * elbow


def _add(rows: Floats, joint: int, angles: tuple[Floats, Floats, Floats], out: float) -> None:
    """Add Z Y X angles to a joint's rows, and ``out`` degrees about Z."""
    row = bodies.row(joint)
    for axis, angle in enumerate(angles):
        rows[row + axis] += angle
    rows[row] += out
