"""Leave out frames at the ends."""

from __future__ import annotations

from math import ceil, floor
from typing import ClassVar

from motionprep.stages.base import Dropped, InFile, Stage

_ROUNDING = 1e-9


class Trim(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave out the T-pose that a converter put first, and whatever lies outside a range of frames.

    Parameters
    ----------
    t_pose
        How many frames of the file, from its first, are a T-pose; the CMU conversions have 1.
    first, last
        The first and last frame of the file to keep, counted from 1; ``last = 0`` is the end. In clips, of each clip.
    """

    name: ClassVar[str] = "trim"
    version: ClassVar[int] = 2

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

    def pick(self, frames: int, rate: float, in_file: InFile = (0, 1)) -> range | Dropped:
        """Return which frames to keep, or that none are left."""
        begin, step = in_file
        # After a change of speed a take's frames lie between the file's.
        start = max(0, ceil((max(self.t_pose, self.first - 1) - begin) / step - _ROUNDING))
        stop = min(frames, floor((self.last - 1 - begin) / step + _ROUNDING) + 1) if self.last else frames
        if start >= stop:
            return Dropped(f"trim: nothing is left of {frames} frames")
        return range(start, stop)
