"""Which joint carries a body through the world, and poses that have it as their root."""

from __future__ import annotations

import numpy as np

from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, ZYX, Skeleton

#: A change that is a smaller part of the numbers is rounding.
_LEAST = 1e-9


def first_that_moves(motion: Motion | Poses) -> str:
    """Return the first joint, from the root down, that moves; the root if none does before the skeleton branches."""
    skeleton = motion.skeleton
    joint = 0
    while not _moves(motion, joint):
        below = [child for child, parent in enumerate(skeleton.parents) if parent == joint]
        if len(below) != 1:
            return skeleton.joints[0]
        [joint] = below
    return skeleton.joints[joint]


def rooted(poses: Poses, root: str) -> Poses:
    """Return poses whose root is another joint; what does not hang from it is left out, the rest stays in the world."""
    skeleton = poses.skeleton
    first = skeleton.joints.index(root)
    if not first:
        return poses
    kept = {first}
    for node, parent in enumerate(skeleton.node_parents):
        if parent in kept:
            kept.add(node)
    fewer = poses.select([skeleton.nodes[node] for node in sorted(kept)])
    return Poses(_free(fewer.skeleton), fewer.translations, fewer.rotations, fewer.rate)


def _free(skeleton: Skeleton) -> Skeleton:
    """Return a skeleton whose root can be and turn in any way."""
    turns = tuple(name for name in skeleton.channels[0] if name in ROTATION_CHANNELS)
    root = POSITION_CHANNELS + (turns if len(turns) == len({*turns}) == 3 else ZYX)
    channels = (root, *skeleton.channels[1:])
    return Skeleton(skeleton.joints, skeleton.parents, skeleton.offsets, skeleton.end_sites, channels)


def _moves(motion: Motion | Poses, joint: int) -> bool:
    if isinstance(motion, Poses):
        values = np.concatenate([motion.translations[:, joint], motion.rotations[:, joint].reshape(-1, 9)], axis=1)
    else:
        start = sum(map(len, motion.skeleton.channels[:joint]))
        values = motion.channels[:, start : start + len(motion.skeleton.channels[joint])]
    first = values[:1]
    least = _LEAST * np.abs(first).clip(1.0)
    # As a rule it is not at its end where it was at first, and all other frames need not be looked at.
    return any(bool((np.abs(some - first) > least).any()) for some in (values[-1:], values))
