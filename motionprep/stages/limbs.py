"""Hide a whole limb for a while."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar

import msgspec

from motionprep.naming.shipped import marker_sets
from motionprep.stages.base import Corruption, Dropped

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.maths.corruption import Points

#: Names of the sets of markers that may be lost.
LIMBS = ("head", "left-arm", "right-arm", "left-leg", "right-leg")


class Limbs(Corruption, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hide all markers of a limb at once, as where someone stands at a table or walks out of the room.

    Parameters
    ----------
    chance
        For each limb, to be lost at any frame; at most a half.
    length
        In seconds, how long it is lost on average; the lengths are geometric.
    limbs
        Names or patterns of markers, by limb. If not given, head, arms and legs of
        ``manifests/tables/marker-sets.toml``. What a take has no marker of is left out.
    """

    name: ClassVar[str] = "limbs"
    of_lengths: ClassVar[tuple[str, ...]] = ("limbs",)

    chance: float = 0.02
    length: float = 0.5
    limbs: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.chance <= 0.5:
            raise ValueError(f"chance is {self.chance}; it must be above 0 and at most 0.5")
        if not 0 < self.length < math.inf:
            raise ValueError(f"length is {self.length}; it must be above 0")
        if not self.limbs:
            sets = marker_sets()
            # The recipe that is stored says what is lost, whatever the sets will mean one day.
            msgspec.structs.force_setattr(self, "limbs", {limb: tuple(sets[limb]) for limb in LIMBS})
        for limb, markers in self.limbs.items():
            if not markers:
                raise ValueError(f"limbs has no marker for {limb!r}")

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points that lack a limb now and then, or that they have none."""
        from motionprep.maths import corruption

        if not points.rate:
            return Dropped("limbs: no rate")
        if lacking := self.lacks(points.names):
            return Dropped(f"limbs: {lacking}")
        there = self._places(points.names)
        gaps = corruption.Gaps(self.chance, max(self.length * points.rate, 1.0))
        return corruption.lose(points, rng, gaps, there)

    def lacks(self, markers: Sequence[str], *, alone: bool = False) -> str:
        """Return that none of these markers is of a limb, if it is so."""
        return "" if self._places(markers) else f"no marker of {', '.join(self.limbs)}"

    def _places(self, names: Sequence[str]) -> list[list[int]]:
        """Return where the markers of each limb are that has some."""
        limbs = [
            [at for at, name in enumerate(names) if any(fnmatchcase(name, marker) for marker in markers)]
            for markers in self.limbs.values()
        ]
        return [limb for limb in limbs if limb]
