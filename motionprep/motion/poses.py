"""A motion as rotations and translations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats, read_only, summed
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Skeleton


@dataclass(frozen=True, eq=False)
class Poses:
    """A motion as rotations and translations: what stages work on that need more than a choice of frames.

    Parameters
    ----------
    skeleton
        Its joints are those of the arrays.
    translations
        (F, J, 3) float64, each joint's place in its parent's frame, in the file's units; the root's is in the world.
    rotations
        (F, J, 3, 3) float64, local rotation matrices that act on column vectors.
    rate
        Frames a second.
    """

    skeleton: Skeleton
    translations: Floats
    rotations: Floats
    rate: float

    def __post_init__(self) -> None:
        joints = len(self.skeleton.joints)
        frames = len(self.rotations)
        for name, shape in (("translations", (frames, joints, 3)), ("rotations", (frames, joints, 3, 3))):
            array = getattr(self, name)
            if array.shape != shape:
                raise ValueError(f"{name} have shape {array.shape}; expected {shape}")
            object.__setattr__(self, name, read_only(array))

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.rotations)

    def at(self, frames: range) -> Poses:
        """Return the frames ``frames`` names; the rate is divided by its step."""
        picked = slice(frames.start, frames.stop, frames.step)
        return Poses(self.skeleton, self.translations[picked], self.rotations[picked], self.rate / frames.step)

    def poses(self) -> Poses:
        """Return itself: a motion in either form can be asked for its poses."""
        return self

    def solve(self, out: Mapping[str, NDArray[Any]], previous: Floats) -> None:
        """Fill features, as :meth:`motionprep.motion.kinematics.Solvable.solve` describes."""
        # Kernels are compiled by Numba, which takes its time to import.
        from motionprep.motion import kinematics

        kinematics.solve_poses(self.skeleton, self.translations, self.rotations, out, previous)

    def reach(self) -> float:
        """Return a bound on every coordinate of world positions: what all chains measure, laid end to end."""
        sites = sum(math.hypot(*site.offset) for site in self.skeleton.end_sites)
        return sites + (summed(np.abs(self.translations).max(axis=0)) if self.frames else 0.0)

    def select(self, nodes: Sequence[str]) -> Poses:
        """Return poses of fewer nodes whose world positions and rotations are what they were.

        Parameters
        ----------
        nodes
            Names to keep, among them the root. A kept joint's parent becomes the nearest kept joint above it; an End
            Site stays if its joint does. Where a joint that moved is left out, those that hung from it keep their place
            in no parent's frame, and the skeleton has position channels for it.
        """
        skeleton = self.skeleton
        kept = set(nodes)
        joints = [joint for joint, name in enumerate(skeleton.joints) if name in kept]
        rows = {joint: row for row, joint in enumerate(joints)}
        parents, offsets, channels = [], [], []
        shape = (self.frames, len(joints), 3)
        translations, matrices = np.empty(shape), np.empty((*shape, 3))
        for row, joint in enumerate(joints):
            place, turn = self.translations[:, joint], self.rotations[:, joint]
            rest = np.array(skeleton.offsets[joint], dtype=np.float64)
            own = skeleton.channels[joint]
            above = skeleton.parents[joint]
            while above >= 0 and above not in rows:
                place = self.translations[:, above] + np.einsum("fij,fj->fi", self.rotations[:, above], place)
                turn = self.rotations[:, above] @ turn
                rest += skeleton.offsets[above]
                if skeleton.channels[above]:
                    own = (*POSITION_CHANNELS, *(name for name in own if name in ROTATION_CHANNELS))
                above = skeleton.parents[above]
            translations[:, row], matrices[:, row] = place, turn
            parents.append(rows.get(above, -1))
            offsets.append((float(rest[0]), float(rest[1]), float(rest[2])))
            channels.append(own)
        sites = zip(skeleton.end_sites, skeleton.nodes[len(skeleton.joints) :], strict=True)
        smaller = Skeleton(
            joints=tuple(skeleton.joints[joint] for joint in joints),
            parents=tuple(parents),
            offsets=tuple(offsets),
            end_sites=tuple(
                EndSite(rows[site.joint], site.offset) for site, name in sites if name in kept and site.joint in rows
            ),
            channels=tuple(channels),
        )
        return Poses(smaller, translations, matrices, self.rate)
