"""Leave out frames at the ends."""

from __future__ import annotations

from typing import ClassVar

from motionprep.stages.base import Dropped, Stage


class Trim(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave out the T-pose that a converter put first, and whatever lies outside a range of frames.

    Parameters
    ----------
    t_pose
        How many frames of the file, from its first, are a T-pose; the CMU conversions have 1.
    first, last
        The first and last frame to keep, in the take as it comes to this stage, counted from 1; ``last = 0`` is
        the end.
    """

    name: ClassVar[str] = "trim"

    t_pose: int = 0
    first: int = 1
    last: int = 0

    def __post_init__(self) -> None:
        if self.t_pose < 0:
            raise ValueError(f"t_pose is {self.t_pose}; it must be at least 0")
        if self.first < 1:
            raise ValueError(f"first is {self.first}; frames are counted from 1")
        if self.last < 0 or 0 < self.last < self.first:
            raise ValueError(f"last is {self.last}; it must be 0 (the end) or at least first, {self.first}")

    @property
    def picks(self) -> bool:
        """Whether it only chooses frames."""
        return True

    def pick(self, frames: int, rate: float, before: int = 0) -> range | Dropped:
        """Return which frames to keep, or that none are left."""
        start = max(self.t_pose - before, self.first - 1)
        stop = min(self.last or frames, frames)
        if start >= stop:
            return Dropped(f"trim: nothing is left of {frames} frames")
        return range(start, stop)
