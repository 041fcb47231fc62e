"""Leave out takes that are too short to be of use."""

from __future__ import annotations

from typing import ClassVar

from motionprep.stages.base import Dropped, InFile, Stage


class DropShort(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Drop a take that has fewer frames when it comes to this stage.

    Parameters
    ----------
    frames
        The fewest that are kept.
    """

    name: ClassVar[str] = "drop_short"

    frames: int

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"frames is {self.frames}; it must be at least 1")

    @property
    def picks(self) -> bool:
        """Whether it only chooses frames."""
        return True

    def pick(self, frames: int, rate: float, in_file: InFile = (0, 1)) -> range | Dropped:
        """Return all frames, or that they are too few."""
        if frames < self.frames:
            return Dropped(f"drop_short: {frames} frames, fewer than {self.frames}")
        return range(frames)
