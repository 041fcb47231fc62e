"""What a check is given: one take with its bodies, and a summary of it that is kept for comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from motionprep.quality.body import Body, Up
from motionprep.quality.finding import Finding
from motionprep.quality.steps import Steps
from motionprep.quality.tracks import Tracks


@dataclass(frozen=True, eq=False)
class CheckedTake:
    """One take as the checks see it.

    Parameters
    ----------
    key
        Key of the motion.
    bodies
        The skeleton, the markers, or both.
    split
        Name of its split; empty if it is in none.
    digests
        SHA-256 of its files, the skeleton's first.
    in_world
        Whether positions are places in the world; False where a stage made them relative to the body.
    """

    key: str
    bodies: tuple[Body, ...]
    split: str = ""
    digests: tuple[str, ...] = ()
    in_world: bool = True

    def steps(self, body: Body) -> Steps:
        """Return how the feet of one of its bodies move, worked out once."""
        return self._steps[self.bodies.index(body)]

    @cached_property
    def _steps(self) -> list[Steps]:
        return [Steps(body) for body in self.bodies]


@dataclass(frozen=True, eq=False)
class BodySummary:
    """What is kept of one body of a take after its points are gone.

    Parameters
    ----------
    modality, names, parents, rate, frames, metres, height, up
        As :class:`~motionprep.quality.body.Body` has them.
    facing
        Direction that the rest pose faces, ``"z"`` or ``"-x"``; empty if unknown.
    still
        Joints with rotation channels that never turn.
    tracks
        Angles between limbs over time, by which motions are compared; None if its limbs are not known.
    content
        A key that two bodies of one content share, frame by frame, whatever their rates are.
    """

    modality: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    rate: float
    frames: int
    metres: float | None
    height: float
    up: Up | None
    facing: str
    still: tuple[str, ...]
    tracks: Tracks | None
    content: str


@dataclass(frozen=True, eq=False)
class TakeSummary:
    """What is kept of a take for the checks that compare takes.

    Parameters
    ----------
    key, split, digests
        As :class:`CheckedTake` has them.
    bodies
        Summaries of its bodies.
    """

    key: str
    split: str
    digests: tuple[str, ...]
    bodies: tuple[BodySummary, ...]


@runtime_checkable
class TakeCheck(Protocol):
    """A check of one take."""

    def of_take(self, take: CheckedTake) -> list[Finding]:
        """Return what it finds in a take."""


@runtime_checkable
class CorpusCheck(Protocol):
    """A check that compares takes."""

    def of_corpus(self, takes: list[TakeSummary]) -> list[Finding]:
        """Return what it finds in all takes together."""
