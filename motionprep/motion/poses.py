"""A motion as rotations and translations."""

from __future__ import annotations

from dataclasses import dataclass

from motionprep.motion.arrays import Floats, read_only
from motionprep.motion.skeleton import Skeleton


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
