"""Changes of coordinates, made to joints, root and markers alike, and undone again.

Every stage that moves, turns, scales or mirrors records it as a ``Step``, and nothing else changes
coordinates. So a take carries all that brings it back into the world of its files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from motionprep.maths import rigid
from motionprep.motion.arrays import Floats, Vector
from motionprep.motion.markers import Markers
from motionprep.motion.poses import Poses
from motionprep.motion.root import Root
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.naming.units import metres_of


def change(take: Take, step: Step) -> Take:
    """Return the take in new coordinates, with the step entered among its steps.

    Where the step reaches the joints but not the root, or the root but not the joints, the root is kept apart first.

    Raises
    ------
    ValueError
        If the names that are to be exchanged are not there, or their places in the tree do not mirror each other.
    """
    joints, root = take.motion, take.root
    if joints is not None and {"joints", "root"} & {*step.on}:
        joints = joints.poses()
        if root is None and ("joints" in step.on) != ("root" in step.on):
            root = Root(joints.translations[:, 0], joints.rotations[:, 0])
        if "joints" in step.on:
            joints = _change_poses(joints, step)
    if root is not None and "root" in step.on:
        root = Root(points(root.position, step), _turned(root.rotation, step))
    markers, corrupt = take.markers, take.corrupt
    if "markers" in step.on:
        markers = _change_markers(markers, step) if markers is not None else None
        corrupt = _change_markers(corrupt, step) if corrupt is not None else None
    return replace(take, motion=joints, root=root, markers=markers, corrupt=corrupt, steps=(*take.steps, step))


def points(values: Floats, step: Step) -> Floats:
    """Return points (F, ..., 3) in the step's new coordinates."""
    if step.axes is None and step.origin is None:
        return values * step.scale if step.scale != 1.0 else values
    flat = values.reshape(len(values), values.size // max(3 * len(values), 1), 3)
    return rigid.moved(flat, step.scale, step.axes, step.origin).reshape(values.shape)


def points_back(values: Floats, step: Step) -> Floats:
    """Return points (F, ..., 3) as they were before the step."""
    return points(values, inverse(step))


def inverse(step: Step) -> Step:
    """Return the step that undoes a step."""
    axes, origin = step.axes, step.origin
    if origin is not None:
        moved = origin if axes is None else (origin[..., None, :] @ axes)[..., 0, :]
        origin = -step.scale * moved
    return replace(step, scale=1 / step.scale, axes=None if axes is None else np.swapaxes(axes, -1, -2), origin=origin)


def skeleton_back(skeleton: Skeleton, step: Step) -> Skeleton:
    """Return a skeleton as it was before a step that reached the joints.

    Raises
    ------
    ValueError
        As :func:`exchange`.
    """
    back = inverse(Step(scale=step.scale, axes=step.axes if step.conjugate else None))
    return _change_skeleton(skeleton, back.scale, _numbers(back), step.swap)[0]


def metres(take: Take, part: str = "markers") -> float | None:
    """Return how many metres a unit of a part's coordinates is long; None if neither file nor stage states it."""
    known = take.facts.get("metres_per_unit")
    if take.markers is not None and part == "markers":
        known = metres_of(take.markers.units)
    if known is None:
        return None
    return float(known) / math.prod(step.scale for step in take.steps if part in step.on)


def no_unit(take: Take, part: str = "markers") -> str:
    """Return that the unit of a part is not known, with the word that its file has for it."""
    if part == "markers" and take.markers is not None:
        return f"the unit of the markers, {take.markers.units[:40]!r} in their file, is not known"
    return "the unit of the skeleton is not known"


def exchange(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Return, for each name, the place of the one whose place it takes; its own if it is in no pair.

    Raises
    ------
    ValueError
        If only one of a pair is among the names.
    """
    places = {name: place for place, name in enumerate(names)}
    order = list(range(len(names)))
    for one, other in pairs:
        if (one in places) != (other in places):
            there, missing = (one, other) if one in places else (other, one)
            raise ValueError(f"{there} has no counterpart {missing}")
        if one in places:
            order[places[one]], order[places[other]] = places[other], places[one]
    return order


def _turned(matrices: Floats, step: Step) -> Floats:
    """Return rotations (F, ..., 3, 3) to the world as they are in the step's new coordinates."""
    if step.axes is None:
        return matrices
    # New axes turn each column of a matrix, and each row where the joints' own axes turn alike, as they do a point.
    turning = Step(axes=step.axes)
    turned = np.swapaxes(points(np.swapaxes(matrices, -1, -2), turning), -1, -2)
    return points(turned, turning) if step.conjugate else turned


def _change_poses(poses: Poses, step: Step) -> Poses:
    # What hangs from the root is in its parent's frame: only lengths change, unless the joints' own axes turn.
    within = Step(scale=step.scale, axes=step.axes if step.conjugate else None)
    # Nothing but the root, or bare points, is expressed in the world.
    roots = slice(0, poses.skeleton.parents.count(-1))
    translations = points(poses.translations, within)
    matrices = _turned(poses.rotations, step) if step.conjugate else poses.rotations
    if step.origin is not None or step.axes is not within.axes:
        translations = np.array(translations)
        translations[:, roots] = points(poses.translations[:, roots], step)
    if step.axes is not within.axes:
        matrices = np.array(matrices)
        matrices[:, roots] = _turned(poses.rotations[:, roots], step)
    skeleton = poses.skeleton
    if within.axes is not None or step.scale != 1.0 or step.swap:
        skeleton, order = _change_skeleton(skeleton, step.scale, _numbers(within), step.swap)
        if step.swap:
            translations, matrices = translations[:, order], matrices[:, order]
    return Poses(skeleton, translations, matrices, poses.rate)


def _numbers(step: Step) -> tuple[float, ...] | None:
    return None if step.axes is None else tuple(step.axes.reshape(-1).tolist())


@lru_cache(maxsize=512)
def _change_skeleton(
    skeleton: Skeleton, scale: float, turn: tuple[float, ...] | None, swap: tuple[tuple[str, str], ...]
) -> tuple[Skeleton, list[int]]:
    """Return the skeleton in new coordinates, the nine numbers of whose axes are ``turn``, and its joints' new order.

    The takes of a subject share a skeleton, and what is known of one need not be found out again.
    """
    order = exchange(skeleton.nodes, swap)
    parents, joints = skeleton.node_parents, len(skeleton.joints)
    for node, other in enumerate(order):
        parent = parents[node]
        if (node < joints) != (other < joints) or (parent >= 0 and order[parent] != parents[other]):
            raise ValueError(f"{skeleton.nodes[node]} and {skeleton.nodes[other]} do not hang from counterparts")
    within = Step(scale=scale, axes=None if turn is None else np.array(turn).reshape(3, 3))
    offsets = points(skeleton.node_offsets[None], within)[0][order]
    # Skeletons are equal whose zeros have other signs: what is made of the one must be what is made of the other.
    vectors: list[Vector] = [(float(x), float(y), float(z)) for x, y, z in offsets + 0.0]
    changed = replace(
        skeleton,
        offsets=tuple(vectors[:joints]),
        end_sites=tuple(
            EndSite(site.joint, offset) for site, offset in zip(skeleton.end_sites, vectors[joints:], strict=True)
        ),
    )
    return changed, order[:joints]


def _change_markers(markers: Markers, step: Step) -> Markers:
    if step.axes is None and step.origin is None:
        positions = points(markers.positions, step)
    else:
        positions = rigid.moved(markers.positions, step.scale, step.axes, step.origin, markers.visible)
    if not step.swap:
        return replace(markers, positions=positions)
    order = exchange(markers.names, step.swap)
    return replace(markers, positions=positions[:, order], visible=markers.visible[:, order])
