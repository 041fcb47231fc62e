"""What cameras would have seen of a motion: CMU's 41 markers on its body, in millimetres with z up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from motionprep.sample import bodies, chain, draws
from motionprep.sample.corpus import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motionprep.motion.arrays import Vector
    from motionprep.motion.markers import Markers
    from motionprep.motion.motion import Motion
    from motionprep.motion.skeleton import Skeleton
    from motionprep.sample.corpus import PlannedMotion

# An inch is 25.4 mm, and 0.45 of it a unit of CMU's skeletons.
_UNIT = 25.4 / 0.45
# Of BVH's axes, those that are C3D's x, y and z.
_AXES = (2, 0, 1)

_HIPS, _HEAD, _SHOULDER = 0, bodies.NECK + 2, bodies.LEFT_ARM - 1
# Marker, joint, how far from there to the next joint, and from that point in the joint's frame, in mm; of a pair the
# left one. Those of the pelvis and the legs are near where CMU's 01_01 has them. Further up that take's markers stand
# up to 19 cm above its skeleton, whose back is too short; here they are put on the skeleton that there is.
_MIDDLE = (
    ("C7", bodies.SPINE1, 0.0, (0.0, 85.0, -70.0)),
    ("CLAV", bodies.SPINE1, 0.0, (0.0, 55.0, 70.0)),
    ("RBAC", bodies.SPINE1, 0.0, (-60.0, 15.0, -105.0)),
    ("STRN", bodies.SPINE1, 0.0, (0.0, -75.0, 105.0)),
    ("T10", bodies.SPINE, 0.0, (0.0, 20.0, -110.0)),
)
_PAIRED = (
    ("FHD", _HEAD, 0.0, (75.0, 80.0, 80.0)),
    ("BHD", _HEAD, 0.0, (65.0, 65.0, -70.0)),
    ("SHO", _SHOULDER, 1.0, (-10.0, 60.0, 0.0)),
    ("UPA", bodies.LEFT_ARM, 0.45, (0.0, 50.0, -10.0)),
    ("ELB", bodies.LEFT_ARM, 1.0, (0.0, 45.0, -10.0)),
    ("FRM", bodies.LEFT_ARM + 1, 0.5, (0.0, 38.0, -15.0)),
    ("WRA", bodies.LEFT_ARM + 1, 1.0, (-5.0, 15.0, 38.0)),
    ("WRB", bodies.LEFT_ARM + 1, 1.0, (-5.0, 12.0, -38.0)),
    ("FIN", bodies.LEFT_ARM + 3, 1.0, (5.0, 20.0, 0.0)),
    ("FWT", _HIPS, 0.0, (118.0, 24.0, 107.0)),
    ("BWT", _HIPS, 0.0, (50.0, 25.0, -103.0)),
    ("THI", bodies.LEFT_LEG, 0.45, (85.0, 31.0, -12.0)),
    ("KNE", bodies.LEFT_LEG, 1.0, (54.0, 20.0, -10.0)),
    ("SHN", bodies.LEFT_LEG + 1, 0.4, (52.0, 19.0, -10.0)),
    ("ANK", bodies.LEFT_LEG + 1, 1.0, (43.0, 16.0, 4.0)),
    ("HEE", bodies.LEFT_LEG + 2, 0.0, (9.0, -25.0, -65.0)),
    ("MT5", bodies.LEFT_LEG + 2, 1.0, (42.0, 13.0, 10.0)),
    ("TOE", bodies.LEFT_LEG + 3, 0.0, (2.0, 12.0, 45.0)),
)
# Units that thigh and shin measure together in the body for which the places above are meant.
_LEG = 14.55
# Whoever puts the markers on misses by up to so many mm, along each axis.
_MISSED = 5.0

# Frames, on average: between two occlusions of a marker and during one, about 3 % of all; and the same of a reflection
# that the system takes for a point and cannot name, as far from a marker as follows, in mm.
_SEEN, _HIDDEN = 600.0, 18.0
_NO_REFLECTION, _REFLECTION = 200.0, 60.0
_BESIDE = (-35.0, 25.0, 40.0)


def capture(motion: Motion, planned: PlannedMotion) -> Markers:
    """Return the markers of a motion from its second frame on: a T-pose is not recorded.

    Some takes have labels like ``subject69:LFHD``, and some a point ``*12`` that nobody named.

    Parameters
    ----------
    motion
        A :func:`~motionprep.sample.perform.performance`.
    planned
        What it was made of.

    Returns
    -------
    Markers
        At 120 frames a second, occluded in bursts.
    """
    import numpy as np

    from motionprep.motion.markers import Markers

    draw = draws.source(planned.seed, planned.subject, planned.number, "markers")
    recorded = motion.at(range(1, motion.frames))
    places, turns = chain.world(recorded)
    placed = sorted(_placed(motion.skeleton, planned))
    names = [name for name, _, _ in placed]
    positions = [
        _UNIT * (places[joint] + chain.turned(turns[joint], offset))[_AXES, :].T for _, joint, offset in placed
    ]
    visible = [~_bursts(recorded.frames, _SEEN, _HIDDEN, draw) for _ in placed]
    # Not drawn, so that a corpus of a few takes has each kind.
    turn = planned.subject + planned.number
    labels = [f"subject{planned.subject}:{name}" for name in names] if turn % 3 == 0 else [*names]
    if turn % 4 == 0:
        reflecting = int(draw() * len(names))
        for all_names in (names, labels):
            all_names.append(f"*{1 + reflecting}")
        positions.append(positions[reflecting] + _BESIDE)
        visible.append(_bursts(recorded.frames, _NO_REFLECTION, _REFLECTION, draw))
    seen = np.stack(visible, axis=1)
    known = np.where(seen[..., None], np.stack(positions, axis=1), 0.0)
    return Markers(tuple(names), known, seen, RATE, raw_names=tuple(labels))


def _placed(skeleton: Skeleton, planned: PlannedMotion) -> Iterator[tuple[str, int, Vector]]:
    """Yield each marker of a subject, the joint that moves it, and its place in that joint's frame, in units."""
    draw = draws.source(planned.seed, planned.subject, "markers")
    size = bodies.leg_length(skeleton) / _LEG
    paired = [
        (split + name, bodies.TWIN.get(joint, joint) if split == "R" else joint, along, (sign * x, y, z))
        for split, sign in (("L", 1.0), ("R", -1.0))
        for name, joint, along, (x, y, z) in _PAIRED
    ]
    for name, joint, along, skin in (*_MIDDLE, *paired):
        x, y, z = (
            along * way + (size * value + _MISSED * (2.0 * draw() - 1.0)) / _UNIT
            for way, value in zip(skeleton.offsets[joint + 1], skin, strict=True)
        )
        yield name, joint, (x, y, z)


def _bursts(frames: int, apart: float, long: float, draw: Callable[[], float]) -> NDArray[np.bool_]:
    """Return in which frames (F,) something is the case that begins every now and then and lasts for a while."""
    import numpy as np

    found = np.zeros(frames, dtype=np.bool_)
    start = apart * draws.skewed(draw)
    while start < frames:
        end = start + long * draws.skewed(draw)
        found[int(start) : int(end) + 1] = True
        start = end + apart * draws.skewed(draw)
    return found
