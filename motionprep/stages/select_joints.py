"""Keep some joints and leave out the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import msgspec

from motionprep import naming
from motionprep.shipped import joint_sets
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.data import Take


class SelectJoints(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep the joints and End Sites that are named.

    What hangs from a joint that is left out hangs from the next one up.
    World positions and world rotations of what is kept stay what they were: a local rotation is that from the joint's
    frame to that of the nearest kept joint above it. The root always stays, since all else hangs from it; an End Site
    only stays with the joint that it ends.

    Parameters
    ----------
    joints
        Names of nodes (``Head``, ``Head_Nub``) or patterns (``Left*``, ``*_Nub``), taken one after the other; one that
        begins with ``!`` leaves out what it names. If the first leaves out, all is kept before it. A name must be
        there; a pattern may find nothing.
    set
        A named set of ``manifests/tables/joint-sets.toml``; what it stands for is put before ``joints``.
    """

    name: ClassVar[str] = "select_joints"
    alters: ClassVar[bool] = True

    joints: tuple[str, ...] = ()
    set: str = ""

    def __post_init__(self) -> None:
        if self.set:
            sets = joint_sets()
            if self.set not in sets:
                raise ValueError(f"there is no set {self.set!r}; there are {', '.join(sets)}")
            # The recipe that is stored says what was selected, whatever the set will mean one day.
            msgspec.structs.force_setattr(self, "joints", (*sets[self.set], *self.joints))
            msgspec.structs.force_setattr(self, "set", "")
        if not self.joints:
            raise ValueError("joints is empty; name joints, patterns or a set")
        if not all(joint.removeprefix("!") for joint in self.joints):
            raise ValueError("joints holds an empty name")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the kept joints, or which ones it has not."""
        from motionprep import kinematics

        if take.motion is None:
            return Dropped("select_joints: no skeleton")
        skeleton = take.motion.skeleton
        chosen = select(self.joints, skeleton.nodes)
        if isinstance(chosen, Dropped):
            return chosen
        for site, tip in zip(skeleton.end_sites, skeleton.nodes[len(skeleton.joints) :], strict=True):
            joint = skeleton.joints[site.joint]
            if tip in self.joints and tip in chosen and joint not in chosen:
                return Dropped(f"select_joints: {tip} ends {joint}, which is left out; name {joint} too")
        return replace(take, motion=kinematics.select(kinematics.poses(take.motion), chosen))


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
