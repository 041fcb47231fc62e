"""Keep some joints and leave out the others, or make those of a canonical skeleton."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import msgspec

from motionprep import naming
from motionprep.naming import skeleton_tables
from motionprep.naming.canonical import Joint, check, parts, without
from motionprep.naming.nearest import did_you_mean
from motionprep.naming.shipped import joint_sets, skeletons
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.motion.motion import Motion
    from motionprep.motion.poses import Poses
    from motionprep.motion.take import Take


#: As ``root``, the first joint that moves.
MOVING = "@moving"
_TOO_LATE = Dropped("select_joints: the root is kept apart or left and right are exchanged; put select_joints first")


#: Of the longest bone: less is no length.
_NO_LENGTH = 1e-9


class SelectJoints(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep the joints and End Sites that are named.

    What hangs from a joint that is left out hangs from the next one up.
    World positions and world rotations of what is kept stay what they were: a local rotation is that from the joint's
    frame to that of the nearest kept joint above it. The root always stays, since all else hangs from it; an End Site
    only stays with the joint that it ends.

    A canonical skeleton has its own joints instead, in its own order and tree, and no End Sites; takes of any naming
    that it knows have the same joints then. Each is where a node of the file is, or in the middle of several, and takes
    the world rotation of one of them. Thus positions can be compared from naming to naming, and rotations only as far
    as the files' rest poses are alike.

    Parameters
    ----------
    joints
        Names of nodes (``Head``, ``Head_Nub``) or patterns (``Left*``, ``*_Nub``), taken one after the other; one that
        begins with ``!`` leaves out what it names. If the first leaves out, all is kept before it. A name must be
        there; a pattern may find nothing.
    set
        A named set of ``manifests/tables/joint-sets.toml``; what it stands for is put before ``joints``. Or the name of
        a canonical skeleton of ``manifests/tables/skeletons.toml``, which becomes ``skeleton``.
    table
        A TOML file of your own to take the skeleton ``set`` from, or further namings for one that ships; in a recipe
        its path is from the recipe's folder.
    skeleton
        The joints of a canonical skeleton, the root first. ``joints`` can only leave some of them out (``!Neck``).
    root
        The joint that becomes the root, with its place and turn in the world, before ``joints`` are chosen; what does
        not hang from it is left out. ``"@moving"``: the first joint, from the file's root down, that moves; the file's
        root if none does before the skeleton branches. For files whose root stands still and whose hips go through the
        world, so that all that follows the root (``local_frame``, ``root_position``) follows the hips.
    """

    name: ClassVar[str] = "select_joints"
    version: ClassVar[int] = 2
    alters: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    joints: tuple[str, ...] = ()
    set: str = ""
    table: str = ""
    skeleton: tuple[Joint, ...] = ()
    root: str = ""

    def __post_init__(self) -> None:
        if not all(joint.removeprefix("!") for joint in self.joints):
            raise ValueError("joints holds an empty name")
        if self.table and not self.set:
            raise ValueError("table goes with set, the name of a skeleton")
        if self.set and self.skeleton:
            raise ValueError("give set or skeleton, not both")
        # The recipe that is stored says what was selected, whatever the set will mean one day.
        if self.set:
            self._resolve(joint_sets())
        if self.skeleton and self.root:
            raise ValueError("root goes without a canonical skeleton, whose first joint is the root")
        if self.skeleton:
            check(self.skeleton)
            msgspec.structs.force_setattr(self, "skeleton", without(self.skeleton, self.joints))
            msgspec.structs.force_setattr(self, "joints", ())
        elif not (self.joints or self.root):
            raise ValueError("joints is empty; name joints, patterns or a set")

    def _resolve(self, sets: dict[str, list[str]]) -> None:
        """Put what a set stands for in its place."""
        if self.set in sets and not self.table:
            msgspec.structs.force_setattr(self, "joints", (*sets[self.set], *self.joints))
        elif self.table or self.set in skeletons():
            msgspec.structs.force_setattr(self, "skeleton", skeleton_tables.load(self.set, self.table))
        else:
            raise ValueError(f"there is no set {self.set!r}{did_you_mean(self.set, (*sets, *skeletons()))}")
        msgspec.structs.force_setattr(self, "set", "")
        msgspec.structs.force_setattr(self, "table", "")

    @property
    def fixes_joints(self) -> bool:
        """Whether all takes that leave it have the same joints: whether they are those of a canonical skeleton."""
        return bool(self.skeleton)

    @property
    def in_world(self) -> bool:  # type: ignore[override]
        """Whether it works on takes in the world alone: another root may be elsewhere than the one kept apart."""
        return bool(self.skeleton or self.root)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the kept joints, or which ones it has not."""
        if take.motion is None:
            return Dropped("select_joints: no skeleton")
        if self.skeleton:
            return self._remake(take, take.motion)
        motion = self._rooted(take, take.motion) if self.root else take.motion
        if isinstance(motion, Dropped) or not self.joints:
            return motion if isinstance(motion, Dropped) else replace(take, motion=motion)
        skeleton = motion.skeleton
        chosen = select(self.joints, skeleton.nodes)
        if isinstance(chosen, Dropped):
            return chosen
        for site, tip in zip(skeleton.end_sites, skeleton.nodes[len(skeleton.joints) :], strict=True):
            joint = skeleton.joints[site.joint]
            if tip in self.joints and tip in chosen and joint not in chosen:
                return Dropped(f"select_joints: {tip} ends {joint}, which is left out; name {joint} too")
        return replace(take, motion=motion.poses().select(chosen))

    def _rooted(self, take: Take, motion: Motion | Poses) -> Poses | Dropped:
        """Return the motion with its new root."""
        from motionprep.maths import rooting

        if _too_late(take):
            return _TOO_LATE
        joints = motion.skeleton.joints
        root = rooting.first_that_moves(motion) if self.root == MOVING else self.root
        if root not in joints:
            return Dropped(f"select_joints: {naming.absent([root], joints)}")
        return rooting.rooted(motion.poses(), root)

    def _remake(self, take: Take, motion: Motion | Poses) -> Take | Dropped:
        """Return the take with the joints of the canonical skeleton, or which of their nodes it has not."""
        from motionprep.maths import assembly

        if _too_late(take):
            return _TOO_LATE
        made, missing = parts(self.skeleton, motion.skeleton.nodes)
        if missing:
            return Dropped(f"select_joints: {naming.absent(missing, motion.skeleton.nodes)}")
        poses = assembly.assemble(motion, made)
        equal = _equal(poses, [max(part.nodes) >= len(motion.skeleton.joints) for part in made])
        facts = {**take.facts, "equal_joints": ", ".join(equal)} if equal else take.facts
        return replace(take, motion=poses, facts=facts)


def _equal(poses: Poses, tips: Sequence[bool]) -> list[str]:
    """Return which joints that are made of tips are where their parents are in every frame: the tip has no length."""
    names, parents = poses.skeleton.joints, poses.skeleton.parents
    furthest = abs(poses.translations).max(axis=(0, 2), initial=0.0)
    none = furthest <= _NO_LENGTH * furthest[1:].max(initial=0.0)
    return [
        f"{name} is where {names[parent]} is"
        for name, parent, tip, equal in zip(names, parents, tips, none.tolist(), strict=True)
        if tip and equal and parent >= 0
    ]


def _too_late(take: Take) -> bool:
    return take.root is not None or any(step.swap for step in take.steps)


def select(wanted: Sequence[str], nodes: Sequence[str]) -> tuple[str, ...] | Dropped:
    """Return the nodes that names and patterns choose, in the nodes' order, or which of the names are missing.

    The first node, the root, is always among them.
    """
    chosen, missing = naming.choose(wanted, nodes)
    if missing:
        return Dropped(f"select_joints: {naming.absent(missing, nodes)}")
    if not chosen:
        return Dropped(f"select_joints: nothing is named like {', '.join(wanted)}")
    return tuple(node for node in nodes if node in chosen or node == nodes[0])
