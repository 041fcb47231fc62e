"""Labelled points in the world, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats, read_only


@dataclass(frozen=True, eq=False)
class Markers:
    """Labelled points in the world, frame by frame, as a C3D file has them.

    Parameters
    ----------
    names
        One a marker.
    positions
        (F, M, 3) float64 in ``units``; 0 where not visible.
    visible
        (F, M) bool.
    rate
        Frames a second.
    units
        As the file names them, ``"mm"`` for instance.
    first_frame
        The number that the file gives its first frame, counted from 1.
    raw_names
        The names before prefixes and blanks were taken off; ``names`` if not given.
    notes
        What was odd about the file and was mended on reading.
    kinds
        What each point is: ``"marker"``, ``"unlabelled"``, or what a model computed, ``"angle"``, ``"force"``,
        ``"moment"``, ``"power"``, ``"scalar"`` or ``"reaction"``. All are markers if there are none.
    """

    names: tuple[str, ...]
    positions: Floats
    visible: NDArray[np.bool_]
    rate: float
    units: str = "mm"
    first_frame: int = 1
    raw_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        frames = len(self.positions)
        count = len(self.names)
        if self.positions.shape != (frames, count, 3):
            raise ValueError(f"positions have shape {self.positions.shape}; expected ({frames}, {count}, 3)")
        if self.visible.shape != (frames, count):
            raise ValueError(f"visible has shape {self.visible.shape}; expected ({frames}, {count})")
        if not 0 < self.rate < np.inf:
            raise ValueError(f"rate is {self.rate}; it must be above zero")
        object.__setattr__(self, "positions", read_only(self.positions))
        object.__setattr__(self, "visible", read_only(self.visible))
        object.__setattr__(self, "raw_names", self.raw_names or self.names)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.positions)

    def at(self, frames: range) -> Markers:
        """Return the frames ``frames`` names; the rate is divided by its step."""
        picked = slice(frames.start, frames.stop, frames.step)
        rate, first_frame = self.rate / frames.step, self.first_frame + frames.start
        positions, visible = self.positions[picked], self.visible[picked]
        return replace(self, positions=positions, visible=visible, rate=rate, first_frame=first_frame)
