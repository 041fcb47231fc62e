"""Changes of coordinates, made to joints, root and markers alike, and undone again.

Every stage that moves, turns, scales or mirrors says so as a :class:`~motionprep.data.Step`, and nothing else changes
coordinates. So a take carries all that brings it back into the world of its files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from motionprep import kinematics
from motionprep.data import EndSite, Floats, Markers, Poses, Root, Skeleton, Step, Take, Vector

#: Metres that a unit of a C3D file is long, by the file's word for it.
METRES: Mapping[str, float] = {"mm": 1e-3, "cm": 1e-2, "dm": 1e-1, "m": 1.0, "in": 0.0254, "inch": 0.0254, "ft": 0.3048}


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
        joints = kinematics.poses(joints)
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
    flat = values.reshape(len(values), values.size // max(3 * len(values), 1), 3)
    if step.origin is not None:
        flat = flat - (step.origin[:, None] if step.origin.ndim == 2 else step.origin)
    if step.axes is not None:
        flat = flat @ step.axes
    return (flat * step.scale).reshape(values.shape) if step.scale != 1.0 else flat.reshape(values.shape)


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


def metres(take: Take, part: str = "markers") -> float | None:
    """Return how many metres a unit of a part's coordinates is long; None if no file and no stage says."""
    known = take.facts.get("metres_per_unit")
    if take.markers is not None and part == "markers":
        known = METRES.get(take.markers.units.strip().lower())
    if known is None:
        return None
    return float(known) / math.prod(step.scale for step in take.steps if part in step.on)


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
    back = np.swapaxes(step.axes, -1, -2)
    if back.ndim == 3:
        back = back.reshape(len(back), *[1] * (matrices.ndim - 3), 3, 3)
    turned: Floats = back @ matrices
    return turned @ step.axes if step.conjugate else turned


def _change_poses(poses: Poses, step: Step) -> Poses:
    # What hangs from the root is told in its parent's frame: only lengths change, unless the joints' own axes turn.
    within = Step(scale=step.scale, axes=step.axes if step.conjugate else None)
    # Nothing but the root, or bare points, is told in the world.
    roots = slice(0, poses.skeleton.parents.count(-1))
    translations = points(poses.translations, within).copy()
    matrices = _turned(poses.rotations, step) if step.conjugate else poses.rotations.copy()
    translations[:, roots] = points(poses.translations[:, roots], step)
    if not step.conjugate:
        matrices[:, roots] = _turned(poses.rotations[:, roots], step)
    order = exchange(poses.skeleton.nodes, step.swap)
    skeleton = _change_skeleton(poses.skeleton, within, order)
    if step.swap:
        joints = order[: len(poses.skeleton.joints)]
        translations, matrices = translations[:, joints], matrices[:, joints]
    return Poses(skeleton, translations, matrices, poses.rate)


def _change_skeleton(skeleton: Skeleton, within: Step, order: Sequence[int]) -> Skeleton:
    parents, joints = skeleton.node_parents, len(skeleton.joints)
    for node, other in enumerate(order):
        parent = parents[node]
        if (node < joints) != (other < joints) or (parent >= 0 and order[parent] != parents[other]):
            raise ValueError(f"{skeleton.nodes[node]} and {skeleton.nodes[other]} do not hang from counterparts")
    offsets = points(skeleton.node_offsets[None], within)[0][list(order)]
    vectors: list[Vector] = [(float(x), float(y), float(z)) for x, y, z in offsets]
    return replace(
        skeleton,
        offsets=tuple(vectors[:joints]),
        end_sites=tuple(
            EndSite(site.joint, offset) for site, offset in zip(skeleton.end_sites, vectors[joints:], strict=True)
        ),
    )


def _change_markers(markers: Markers, step: Step) -> Markers:
    positions = np.where(markers.visible[..., None], points(markers.positions, step), 0.0)
    if not step.swap:
        return replace(markers, positions=positions)
    order = exchange(markers.names, step.swap)
    return replace(markers, positions=positions[:, order], visible=markers.visible[:, order])
