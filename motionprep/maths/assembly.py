"""Motion on a skeleton whose joints are made of the nodes of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from motionprep.motion import kinematics
from motionprep.motion.arrays import Floats
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, Skeleton
from motionprep.naming.canonical import Part

#: In the order of CMU's motionbuilder release; the order in which a file turned joints says nothing about others.
_TURNS = ROTATION_CHANNELS[::-1]


def assemble(motion: Motion | Poses, parts: Sequence[Part]) -> Poses:
    """Return the motion on a skeleton of other joints, which are where nodes are in the world and turned like them.

    A joint is in the middle of its nodes in each frame, and its rotation to the world is that of the joint it turns
    with. Forward kinematics of what is returned gives both back. There are no End Sites. In the rest pose, too, a joint
    is in the middle of its nodes, so offsets are those of the file's rest pose. Where a joint does not keep its place
    in its parent's frame, its translation differs from frame to frame, and its skeleton has position channels for it.

    Parameters
    ----------
    motion
        F frames.
    parts
        Parents before children, the root first.
    """
    skeleton = motion.skeleton
    world = kinematics.features(motion, ("positions", "global_rotations"))
    joints = [_joint(skeleton, part.turn) for part in parts]
    places = np.stack([world["positions"][:, list(part.nodes)].mean(axis=1) for part in parts], axis=1)
    turns = world["global_rotations"][:, joints]
    above = [max(part.parent, 0) for part in parts]
    to_parent = np.swapaxes(turns[:, above], -1, -2)
    translations = (to_parent @ (places - places[:, above])[..., None])[..., 0]
    rotations = to_parent @ turns
    translations[:, 0], rotations[:, 0] = places[:, 0], turns[:, 0]
    return Poses(_skeleton(skeleton, parts), translations, rotations, motion.rate)


def _skeleton(skeleton: Skeleton, parts: Sequence[Part]) -> Skeleton:
    rest = _rest(skeleton)
    places = [rest[list(part.nodes)].mean(axis=0) for part in parts]
    offsets, channels = [], []
    for part, place in zip(parts, places, strict=True):
        x, y, z = place if part.parent < 0 else place - places[part.parent]
        offsets.append((float(x), float(y), float(z)))
        stays = part.parent >= 0 and _stays(skeleton, part, parts[part.parent])
        channels.append(_TURNS if stays else POSITION_CHANNELS + _TURNS)
    return Skeleton(
        joints=tuple(part.name for part in parts),
        parents=tuple(part.parent for part in parts),
        offsets=tuple(offsets),
        end_sites=(),
        channels=tuple(channels),
    )


def _rest(skeleton: Skeleton) -> Floats:
    """Return where the nodes are in the rest pose (N, 3)."""
    places = skeleton.node_offsets.copy()
    for node, parent in enumerate(skeleton.node_parents):
        if parent >= 0:
            places[node] += places[parent]
    return places


def _stays(skeleton: Skeleton, part: Part, parent: Part) -> bool:
    """Return whether all nodes of a part and of its parent are rigid with the joint that the parent turns with."""
    anchor = _joint(skeleton, parent.turn)
    return all(
        node == anchor or (skeleton.node_parents[node] == anchor and not _moves(skeleton, node))
        for node in chain(part.nodes, parent.nodes)
    )


def _moves(skeleton: Skeleton, node: int) -> bool:
    return node < len(skeleton.joints) and any(name in POSITION_CHANNELS for name in skeleton.channels[node])


def _joint(skeleton: Skeleton, node: int) -> int:
    """Return a node if it is a joint, and else the one that it ends."""
    return node if node < len(skeleton.joints) else skeleton.node_parents[node]
