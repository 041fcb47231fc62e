"""One recorded take: a motion, its markers, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from motionprep.motion.arrays import read_only
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.root import Root
from motionprep.motion.step import Step


@dataclass(frozen=True, eq=False)
class Take:
    """One recorded take: a motion, its markers, or both, as the stages have made them so far.

    Parameters
    ----------
    key
        ``69_01``.
    motion
        The skeleton's motion; :class:`Poses` once a stage has needed them.
    markers
        The same take's markers.
    of_file
        Which of the file's frames these are, of several clips those of the first; all from the first on if None.
    retimed
        Where frame ``f`` of ``of_file`` was before a stage changed the speed: at ``retimed[0] + retimed[1] * f``.
    root
        The root's way where a stage has kept it apart; otherwise it is that of ``motion``.
    corrupt
        The markers as a network is to see them, where a stage has corrupted them; ``markers`` stay as recorded.
    steps
        Changes of coordinates that were made, in order.
    arrays
        Features (F, ...) that stages have made, by name; they take the place of those that are computed.
    facts
        What stages have found and done, by name: numbers and words for the manifest.
    clip
        How many frames each of several clips has that are laid end to end; one motion from end to end if None.
    clip_in_file
        How many frames of the file it is from the beginning of a clip to that of the next.
    """

    key: str
    motion: Motion | Poses | None = None
    markers: Markers | None = None
    of_file: range | None = None
    retimed: tuple[float, float] = (0.0, 1.0)
    root: Root | None = None
    corrupt: Markers | None = None
    steps: tuple[Step, ...] = ()
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, float | str] = field(default_factory=dict)
    clip: int | None = None
    clip_in_file: int | None = None

    @property
    def frames(self) -> int:
        """How many frames there are."""
        part = self.motion or self.markers
        return part.frames if part is not None else 0

    @property
    def rate(self) -> float:
        """Frames a second."""
        part = self.motion or self.markers
        return part.rate if part is not None else 0.0

    @property
    def in_file(self) -> tuple[float, float]:
        """Where its first frame is in the file, counted in frames from 0, and how many it is from each to the next."""
        origin, pace = self.retimed
        of_file = self.of_file if self.of_file is not None else range(self.frames)
        return origin + pace * of_file.start, pace * of_file.step

    def at(self, frames: range) -> Take:
        """Return the frames ``frames`` names.

        Raises
        ------
        ValueError
            If these are clips, whose frames are chosen clip by clip, when they are read.
        """
        if self.clip is not None:
            raise ValueError(f"these are clips of {self.clip} frames; they are cut clip by clip when they are read")
        of_file = range(self.frames) if self.of_file is None else self.of_file
        picked = slice(frames.start, frames.stop, frames.step)
        return replace(
            self,
            motion=self.motion.at(frames) if self.motion is not None else None,
            markers=self.markers.at(frames) if self.markers is not None else None,
            of_file=of_file[picked],
            root=self.root.at(frames) if self.root is not None else None,
            corrupt=self.corrupt.at(frames) if self.corrupt is not None else None,
            steps=tuple(step.at(frames) for step in self.steps),
            arrays={name: read_only(array[picked]) for name, array in self.arrays.items()},
        )
