"""Who moves in a corpus: each subject's skeleton, and a manner of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from motionprep.sample import draws

if TYPE_CHECKING:
    from motionprep.motion.arrays import Vector
    from motionprep.motion.skeleton import Skeleton

# The legs of the rest pose stand 20 degrees out, and so do the axes of knee, ankle and toes.
COS_LEG, SIN_LEG = 0.9396926207859084, 0.3420201433256687

# Joint, parent, part of the body (its length varies from subject to subject), offset in units of 56.444 mm.
_JOINTS = (
    ("Hips", -1, "pelvis", (0.0, 0.0, 0.0)),
    ("LHipJoint", 0, "pelvis", (0.0, 0.0, 0.0)),
    ("LeftUpLeg", 1, "pelvis", (1.35, -1.75, 0.84)),
    ("LeftLeg", 2, "thigh", (7.2 * SIN_LEG, -7.2 * COS_LEG, 0.0)),
    ("LeftFoot", 3, "shin", (7.35 * SIN_LEG, -7.35 * COS_LEG, 0.0)),
    ("LeftToeBase", 4, "foot", (0.46 * SIN_LEG, -0.46 * COS_LEG, 2.3)),
    ("RHipJoint", 0, "pelvis", (0.0, 0.0, 0.0)),
    ("RightUpLeg", 6, "pelvis", (-1.35, -1.75, 0.84)),
    ("RightLeg", 7, "thigh", (-7.2 * SIN_LEG, -7.2 * COS_LEG, 0.0)),
    ("RightFoot", 8, "shin", (-7.35 * SIN_LEG, -7.35 * COS_LEG, 0.0)),
    ("RightToeBase", 9, "foot", (-0.46 * SIN_LEG, -0.46 * COS_LEG, 2.3)),
    ("LowerBack", 0, "torso", (0.0, 0.0, 0.0)),
    ("Spine", 11, "torso", (0.02, 2.0, -0.22)),
    ("Spine1", 12, "torso", (-0.02, 2.02, -0.04)),
    ("Neck", 13, "neck", (0.0, 0.0, 0.0)),
    ("Neck1", 14, "neck", (0.01, 1.75, 0.16)),
    ("Head", 15, "neck", (-0.01, 1.76, -0.14)),
    ("LeftShoulder", 13, "torso", (0.0, 0.0, 0.0)),
    ("LeftArm", 17, "torso", (3.35, 1.15, -0.35)),
    ("LeftForeArm", 18, "arm", (4.95, 0.0, 0.0)),
    ("LeftHand", 19, "forearm", (3.4, 0.0, 0.0)),
    ("LeftFingerBase", 20, "hand", (0.0, 0.0, 0.0)),
    ("LeftHandIndex1", 21, "hand", (0.7, 0.0, 0.0)),
    ("LThumb", 20, "hand", (0.0, 0.0, 0.0)),
    ("RightShoulder", 13, "torso", (0.0, 0.0, 0.0)),
    ("RightArm", 24, "torso", (-3.35, 1.15, -0.35)),
    ("RightForeArm", 25, "arm", (-4.95, 0.0, 0.0)),
    ("RightHand", 26, "forearm", (-3.4, 0.0, 0.0)),
    ("RightFingerBase", 27, "hand", (0.0, 0.0, 0.0)),
    ("RightHandIndex1", 28, "hand", (-0.7, 0.0, 0.0)),
    ("RThumb", 27, "hand", (0.0, 0.0, 0.0)),
)
_END_SITES = (
    (5, "foot", (0.0, 0.0, 1.18)),
    (10, "foot", (0.0, 0.0, 1.18)),
    (16, "neck", (0.01, 1.78, -0.06)),
    (22, "hand", (0.57, 0.0, 0.0)),
    (23, "hand", (0.57, 0.0, 0.57)),
    (29, "hand", (-0.57, 0.0, 0.0)),
    (30, "hand", (-0.57, 0.0, 0.57)),
)
# Both stand in CMU's files; a subject has one or the other.
_OTHER_HANDS = {"LeftHandIndex1": "LFingers", "RightHandIndex1": "RFingers"}

LEFT_LEG, RIGHT_LEG, LEFT_ARM, RIGHT_ARM = 2, 7, 18, 25
LOWER_BACK, SPINE, SPINE1, NECK = 11, 12, 13, 14
TWIN = {2: 7, 3: 8, 4: 9, 5: 10, **{joint: joint + 7 for joint in range(17, 24)}}


def body(subject: int, seed: int = 0) -> Skeleton:
    """Return a subject's skeleton: 31 joints and 7 End Sites with lengths of its own, in units of 56.444 mm.

    Parameters
    ----------
    subject
        Its number, which also decides how the joints of its fingers are called.
    seed
        Of the corpus.
    """
    from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Skeleton

    draw = draws.source(seed, subject, "body")
    height = 0.92 + 0.16 * draw()
    parts = {part: height * (0.95 + 0.1 * draw()) for part in dict.fromkeys(part for _, _, part, _ in _JOINTS)}

    def grown(part: str, offset: Vector) -> Vector:
        factor = parts[part] * (0.99 + 0.02 * draw())
        x, y, z = (round(value * factor, 5) for value in offset)
        return x, y, z

    rotations = tuple(reversed(ROTATION_CHANNELS))
    # So that 1 and 12 have the names that they have at CMU.
    hands = _OTHER_HANDS if subject % 3 == 1 else {}
    return Skeleton(
        joints=tuple(hands.get(name, name) for name, _, _, _ in _JOINTS),
        parents=tuple(parent for _, parent, _, _ in _JOINTS),
        offsets=tuple(grown(part, offset) for _, _, part, offset in _JOINTS),
        end_sites=tuple(EndSite(joint, grown(part, offset)) for joint, part, offset in _END_SITES),
        channels=((*POSITION_CHANNELS, *rotations), *[rotations] * (len(_JOINTS) - 1)),
    )


@dataclass(frozen=True)
class Manner:
    """How a subject moves, and stands in its T-pose: degrees by which thighs and arms are turned there."""

    tempo: float
    lean: float
    swing: float
    elbow: float
    spread: int
    droop: int


def manner(subject: int, seed: int) -> Manner:
    """Return a subject's manner in the corpus of a seed."""
    draw = draws.source(seed, subject, "manner")
    return Manner(
        tempo=0.93 + 0.14 * draw(),
        lean=3.0 * draw() - 1.5,
        swing=0.7 + 0.6 * draw(),
        elbow=12.0 * draw() - 4.0,
        spread=15 + int(5.0 * draw()),
        droop=4 + int(5.0 * draw()),
    )


def row(joint: int) -> int:
    """Return which channel is a joint's Zrotation."""
    return 3 + 3 * joint


def leg_length(skeleton: Skeleton) -> float:
    """Return how long the left leg is down to the ankle."""
    return -(skeleton.offsets[LEFT_LEG + 1][1] + skeleton.offsets[LEFT_LEG + 2][1]) / COS_LEG
