"""Bring lengths to those of a common body, or to a unit."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, prod
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from motionprep import naming
from motionprep.naming.units import METRES
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.motion.take import Take

#: Skeleton and markers whose units differ by less have been brought into one space, and keep to it.
_SAME = 0.01


class Scale(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Multiply all lengths by one factor, found once a take and never frame by frame, which would stretch who crouches.

    Thigh and height are measured on the skeleton's bones, whatever its pose; markers beside it are multiplied by the
    same factor, so they are to be brought to the skeleton before. A subject's takes share their bone lengths in a BVH
    release, so that one factor a take is one a subject. Without a skeleton, distances between markers are measured,
    each the median over the frames; these differ a little from take to take, and one take does not know the others:
    ``lengths`` says them for all.
    The product of the factors of all such stages is put down as ``scale``.

    Parameters
    ----------
    thigh
        How long the thigh is to be: from hip to knee, or from the front of the waist (``LFWT``) to the knee (``LKNE``);
        the mean of left and right. 1, if nothing else is given.
    height
        How long the way from ankle to head is to be: along the bones to the head's tip, or from ``LANK`` by ``LKNE``,
        ``LFWT`` and ``C7`` to ``LFHD``, neither of which shrinks when the body bends as its height would; the mean of
        left and right. Somewhat less than a body's height, from below the ankle.
    unit
        What a length of 1 is to be: ``"m"``, ``"cm"`` or ``"mm"``.
    metres_per_unit
        How long a unit of the skeleton's file is, which a BVH file does not say; 0.056444 in CMU's release. Markers'
        files say it, and so may what is said of arrays, which then counts.
    along
        What to measure for ``thigh`` or ``height`` where names are others: chains of joints, End Sites or markers, from
        end to end; the mean of the chains.
    lengths
        How long thigh or height are, by key (``69_01``) or pattern (``69_*``), where all takes of a subject are to have
        one factor and not each its own; in the unit of the skeleton's file, or of the markers' if there are they alone.
        ``motionprep lengths`` prints it. A take that is not in it is dropped; a key counts before patterns, and these
        in their order.
    """

    name: ClassVar[str] = "scale"
    alters: ClassVar[bool] = True
    of_lengths: ClassVar[tuple[str, ...]] = ("scale",)

    thigh: float = 0.0
    height: float = 0.0
    unit: Literal["", "m", "cm", "mm"] = ""
    metres_per_unit: float = 0.0
    along: tuple[tuple[str, ...], ...] = ()
    lengths: dict[str, float] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.unit not in ("", *METRES):
            raise ValueError(f"unit is {self.unit!r}; it is {', '.join(METRES)}")
        for field in ("thigh", "height", "metres_per_unit"):
            value = getattr(self, field)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{field} is {value}; it must be above 0")
        given = [bool(self.thigh), bool(self.height), bool(self.unit)]
        if sum(given) > 1:
            raise ValueError("give one of thigh, height and unit")
        if not any(given):
            msgspec.structs.force_setattr(self, "thigh", 1.0)
        if self.metres_per_unit and not self.unit:
            raise ValueError("metres_per_unit goes with unit")
        if self.along and self.unit:
            raise ValueError("along goes with thigh or height")
        for chain in self.along:
            if len(set(chain)) < 2:
                raise ValueError(f"along has {list(chain)}; a chain has two ends or more")
        if self.lengths and (self.along or self.unit):
            raise ValueError("lengths goes with thigh or height, and along is not asked for then")
        for key, length in self.lengths.items():
            if not (isfinite(length) and length > 0):
                raise ValueError(f"lengths has {length} for {key!r}; it must be above 0")

    def lacks(self, markers: Sequence[str], *, alone: bool = False) -> str:
        """Return which markers of its chains are not among these, where there is no skeleton to find them on."""
        missing = {name for chain in self.along for name in chain} - {*markers} if alone else set()
        return naming.absent(sorted(missing), markers) if missing else ""

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with its new lengths, or what could not be measured."""
        from motionprep.maths import spaces
        from motionprep.motion.step import Step

        if take.motion is not None:
            take = replace(take, motion=take.motion.poses())
        if self.metres_per_unit and "units" not in take.facts:
            take = replace(take, facts={**take.facts, "metres_per_unit": self.metres_per_unit})
        factors = self._to_unit(take) if self.unit else self._to_length(take)
        if isinstance(factors, Dropped):
            return factors
        for factor, parts in factors:
            take = spaces.change(take, Step(scale=factor, on=parts))
        return replace(take, facts={**take.facts, "scale": float(take.facts.get("scale", 1.0)) * factors[0][0]})

    def _to_unit(self, take: Take) -> Dropped | list[tuple[float, tuple[str, ...]]]:
        from motionprep.maths import spaces
        from motionprep.motion.step import PARTS

        factors: list[tuple[float, tuple[str, ...]]] = []
        for part, there in (("joints", take.motion), ("markers", take.markers)):
            if there is not None:
                metres = spaces.metres(take, part)
                if metres is None and take.facts.get("units") == "unknown":
                    return Dropped("scale: nothing says the unit of these arrays; write units into their TOML")
                if metres is None:
                    return Dropped(f"scale: {spaces.no_unit(take, part)}")
                factors.append((metres / METRES[self.unit], ("joints", "root") if part == "joints" else ("markers",)))
        if len(factors) == 2 and abs(factors[1][0] / factors[0][0] - 1) > _SAME:
            return factors
        return [(factors[0][0], PARTS)] if factors else Dropped("scale: no skeleton and no markers")

    def _to_length(self, take: Take) -> Dropped | list[tuple[float, tuple[str, ...]]]:
        from motionprep.maths import lengths
        from motionprep.motion.step import PARTS

        if self.lengths:
            known = naming.looked_up(self.lengths, take.key)
            if known is None:
                return Dropped("scale: lengths does not say how long it is")
            part = "joints" if take.motion is not None else "markers"
            length = known * prod(step.scale for step in take.steps if part in step.on)
        else:
            try:
                length = lengths.measure(take, "thigh" if self.thigh else "height", self.along)
            except ValueError as error:
                return Dropped(f"scale: {error}")
        return [((self.thigh or self.height) / length, PARTS)]
