"""The root's way through the world, kept apart from the joints."""

from __future__ import annotations

from dataclasses import dataclass

from motionprep.motion.arrays import Floats, read_only


@dataclass(frozen=True, eq=False)
class Root:
    """The root's way through the world, kept apart once the joints are expressed in a frame of their own.

    Parameters
    ----------
    position
        (F, 3) float64.
    rotation
        (F, 3, 3) float64, from the root's frame to the world.
    """

    position: Floats
    rotation: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "position", read_only(self.position))
        object.__setattr__(self, "rotation", read_only(self.rotation))

    def at(self, frames: range) -> Root:
        """Return the frames ``frames`` names."""
        picked = slice(frames.start, frames.stop, frames.step)
        return Root(self.position[picked], self.rotation[picked])
