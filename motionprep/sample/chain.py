"""Where the joints of a generated body are, in NumPy alone.

The library's own kinematics does this for any skeleton; compiling it takes longer than to make a whole corpus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from motionprep.sample import curves

if TYPE_CHECKING:
    from motionprep.motion.arrays import Floats
    from motionprep.motion.motion import Motion


def world(motion: Motion) -> tuple[Floats, Floats]:
    """Return where each joint is in each frame, and how its axes stand.

    A joint's world rotation is its parent's times its own, and its place is its parent's place plus the parent's world
    rotation times its offset.

    Parameters
    ----------
    motion
        Of a :func:`~motionprep.sample.bodies.body`: X Y Z positions of the root, then Z Y X angles of each joint.

    Returns
    -------
    places
        (J, 3, F), in the motion's units.
    turns
        (J, 3, 3, F), matrices that act on column vectors.
    """
    import numpy as np

    skeleton, columns = motion.skeleton, np.ascontiguousarray(motion.channels.T)
    joints = len(skeleton.joints)
    local = _matrices(columns[3:].reshape(joints, 3, -1) / 360.0)
    places, turns = np.empty((joints, 3, motion.frames)), np.empty_like(local)
    places[0], turns[0] = columns[:3], local[0]
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        places[joint] = places[parent] + turned(turns[parent], skeleton.offsets[joint])
        for column in range(3):
            turns[joint, :, column] = turned(turns[parent], local[joint, :, column])
    return places, turns


def turned(turn: Floats, vector: Floats | tuple[float, float, float]) -> Floats:
    """Return matrices (3, 3, F) times vectors, (3,) or (3, F), added up in one order on every machine."""
    x, y, z = vector
    return turn[:, 0] * x + turn[:, 1] * y + turn[:, 2] * z


def _matrices(turns: Floats) -> Floats:
    """Return the matrices (J, 3, 3, F) of Z Y X angles (J, 3, F), which are in whole turns."""
    import numpy as np

    (cos_z, cos_y, cos_x), (sin_z, sin_y, sin_x) = (
        np.moveaxis(course(turns), 1, 0) for course in (curves.cosine, curves.sine)
    )
    rows = (
        (cos_z * cos_y, cos_z * sin_y * sin_x - sin_z * cos_x, cos_z * sin_y * cos_x + sin_z * sin_x),
        (sin_z * cos_y, sin_z * sin_y * sin_x + cos_z * cos_x, sin_z * sin_y * cos_x - cos_z * sin_x),
        (-sin_y, cos_y * sin_x, cos_y * cos_x),
    )
    return np.stack([np.stack(row, axis=1) for row in rows], axis=1)
