"""From world arrays to a motion that a BVH file can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.motion import kinematics, rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, ZYX, EndSite, Skeleton

#: A joint is moved, and not only turned, if it leaves its offset by more than this part of the skeleton's longest.
_MOVED = 1e-4


def local_rotations(arrays: Mapping[str, NDArray[Any]], skeleton: Skeleton, six: str = "6d") -> Floats | None:
    """Return local rotation matrices (F, J, 3, 3) from whichever feature has them, or None.

    Parameters
    ----------
    arrays
        Features (F, ...) by name as :func:`motionprep.invert` returns them.
    skeleton
        Of J joints.
    six
        The form of ``rotations_6d``, ``"6d"`` or ``"6d_rows"``.
    """
    joints = len(skeleton.joints)
    if "rotations" in arrays:
        matrices = arrays["rotations"].reshape(len(arrays["rotations"]), -1, 3, 3)
        if matrices.shape[1] == joints:
            return matrices
        if "root_rotation" in arrays:
            root = arrays["root_rotation"].reshape(len(matrices), 1, 3, 3)
            return np.concatenate([root, matrices], axis=1)
    if "quaternions" in arrays:
        return rotations.matrices_back(arrays["quaternions"], "quaternion")
    if "rotations_6d" in arrays:
        return rotations.matrices_back(arrays["rotations_6d"], six)
    if "global_rotations" in arrays:
        world = arrays["global_rotations"]
        local = world.copy()
        parents = list(skeleton.parents[1:])
        local[:, 1:] = np.swapaxes(world[:, parents], -1, -2) @ world[:, 1:]
        return local
    return None


def translations(skeleton: Skeleton, matrices: Floats, positions: Floats) -> Floats:
    """Return each joint's place in its parent's frame (F, J, 3); the root's is in the world.

    Parameters
    ----------
    skeleton
        Of J joints and N nodes.
    matrices
        (F, J, 3, 3), local rotations.
    positions
        (F, N, 3), in the world.
    """
    world = np.empty_like(matrices)
    places = np.array(positions[:, : len(skeleton.joints)], dtype=np.float64)
    for joint, parent in enumerate(skeleton.parents):
        world[:, joint] = matrices[:, joint] if parent < 0 else world[:, parent] @ matrices[:, joint]
        if parent >= 0:
            away = positions[:, joint] - positions[:, parent]
            places[:, joint] = np.einsum("fji,fj->fi", world[:, parent], away)
    return places


def turning(skeleton: Skeleton, rate: float, matrices: Floats, places: Floats) -> tuple[Motion, Floats]:
    """Return a motion of rotations and the world positions (F, N, 3) that it is to have.

    A joint keeps its channels' own order if that can tell any rotation, and has Z, Y, X otherwise. One that has
    position channels, or leaves its ``OFFSET`` without having them, is moved by them; so is the root.

    Parameters
    ----------
    skeleton
        Of J joints.
    rate
        Frames a second.
    matrices
        (F, J, 3, 3), local rotations.
    places
        (F, J, 3), each joint's place in its parent's frame.
    """
    offsets = skeleton.node_offsets[: len(skeleton.joints)]
    # Where the root rests is no bone.
    longest = np.abs(skeleton.node_offsets[1:]).max(initial=np.finfo(np.float64).tiny)
    moved = np.abs(places - offsets).max(axis=(0, 2), initial=0.0) > _MOVED * longest
    moved |= [not {*own}.isdisjoint(POSITION_CHANNELS) for own in skeleton.channels]
    moved[0] = True
    places = np.where(moved[:, None], places, offsets)
    names, columns = [], []
    for joint, own in enumerate(skeleton.channels):
        channels = _channels(own, moved=bool(moved[joint]))
        axes = [ROTATION_CHANNELS.index(name) for name in channels if name in ROTATION_CHANNELS]
        angles = np.degrees(rotations.to_euler(matrices[:, joint], axes))
        turned = iter(np.unwrap(angles, axis=0, period=360.0).T)
        for name in channels:
            column = next(turned) if name in ROTATION_CHANNELS else places[:, joint, POSITION_CHANNELS.index(name)]
            columns.append(column)
        names.append(channels)
    moved = Skeleton(skeleton.joints, skeleton.parents, skeleton.offsets, skeleton.end_sites, tuple(names))
    expected = kinematics.features(Poses(skeleton, places, matrices, rate), ("positions",))["positions"]
    return Motion(moved, np.stack(columns, axis=1), rate), expected


def moving(skeleton: Skeleton, rate: float, positions: Floats) -> Motion:
    """Return a motion of positions (F, N, 3) alone: every node is a joint that moves in its parent's frame, unturned.

    Raises
    ------
    ValueError
        If the positions are not of all nodes.
    """
    parents = skeleton.node_parents
    if positions.shape[1:] != (len(parents), 3):
        raise ValueError(f"positions have shape {positions.shape}; expected (frames, {len(parents)}, 3)")
    places = positions.copy()
    places[:, 1:] -= positions[:, list(parents[1:])]
    moved = _of_nodes(skeleton, (POSITION_CHANNELS,) * len(parents))
    return Motion(moved, places.reshape(len(places), -1), rate)


def placed(skeleton: Skeleton, rate: float, matrices: Floats, positions: Floats) -> Motion:
    """Return a motion of positions (F, N, 3) and local rotations (F, J, 3, 3): nodes are joints that move and turn."""
    added = len(skeleton.nodes) - len(skeleton.joints)
    still = np.broadcast_to(np.eye(3), (len(matrices), added, 3, 3))
    whole = _of_nodes(
        skeleton, (*(_channels(own, moved=True) for own in skeleton.channels), *[POSITION_CHANNELS] * added)
    )
    turns = np.concatenate([matrices, still], axis=1)
    return turning(whole, rate, turns, translations(whole, turns, positions))[0]


def _of_nodes(skeleton: Skeleton, channels: tuple[tuple[str, ...], ...]) -> Skeleton:
    """Return a skeleton whose joints are all nodes of another, with channels of their own."""
    parents = skeleton.node_parents
    leaves = sorted(set(range(len(parents))) - set(parents))
    return Skeleton(
        joints=skeleton.nodes,
        parents=parents,
        offsets=tuple((float(x), float(y), float(z)) for x, y, z in skeleton.node_offsets),
        # Readers expect a chain to be closed by an End Site; of these nothing is known, so they lie on the joints.
        end_sites=tuple(EndSite(leaf, (0.0, 0.0, 0.0)) for leaf in leaves),
        channels=channels,
    )


def _channels(own: tuple[str, ...], *, moved: bool) -> tuple[str, ...]:
    """Return the channels by which a joint can take any rotation, and any place if it is moved."""
    places = [name for name in own if name in POSITION_CHANNELS]
    turns = [name for name in own if name in ROTATION_CHANNELS]
    anyhow = len(turns) == 3 and turns[1] not in (turns[0], turns[2])
    anywhere = not moved or {*places} == {*POSITION_CHANNELS}
    if anyhow and anywhere:
        return own
    return (*(places if anywhere else POSITION_CHANNELS), *(turns if anyhow else ZYX))
