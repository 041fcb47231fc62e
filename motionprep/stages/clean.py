"""Take out samples of markers that cannot be true."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from motionprep import naming
from motionprep.naming.nearest import did_you_mean
from motionprep.naming.shipped import marker_sets
from motionprep.naming.units import METRES
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.motion.markers import Markers
    from motionprep.motion.take import Take


class Clean(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Find samples that are too far from where a marker was, or from its neighbours on a rigid part, and replace them.

    Jumps are looked for first, see :func:`motionprep.maths.gaps.jumps`; then rigid groups, among what is left, see
    :func:`motionprep.maths.gaps.stretched`. Markers that a stage has corrupted are cleaned too, by themselves. How many
    samples were found is the fact ``clean_touched``.

    Parameters
    ----------
    most_speed
        How fast a marker can be, in ``unit`` a second; 0 is not to look.
    groups
        Rigid groups, each of at least two names of markers. A name must be there; its samples need not.
    sets
        Named sets of ``manifests/tables/marker-sets.toml``, each a group; they are put before ``groups``.
    most_stretch
        By how much the distance of two markers of a group can differ from its median, in ``unit``.
    unit
        ``"m"``, ``"cm"`` or ``"mm"``, whatever the take's own unit is; ``"take"`` is that one, for takes whose unit is
        not known.
    do
        ``"mask"``: call them not visible. ``"hold"``: the last good value of the same marker. ``"fill"``: the straight
        line between the good values before and after. Where there are none, they are masked.
    """

    name: ClassVar[str] = "clean"
    alters: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("markers",)

    most_speed: float = 0.0
    groups: tuple[tuple[str, ...], ...] = ()
    sets: tuple[str, ...] = ()
    most_stretch: float = 0.0
    unit: Literal["m", "cm", "mm", "take"] = "m"
    do: Literal["mask", "hold", "fill"] = "mask"

    def __post_init__(self) -> None:
        known = marker_sets()
        for name in self.sets:
            if name not in known:
                raise ValueError(f"there is no set {name!r}{did_you_mean(name, known)}")
        # The recipe that is stored says what was grouped, whatever the sets will mean one day.
        groups = (*(tuple(known[name]) for name in self.sets), *self.groups)
        msgspec.structs.force_setattr(self, "groups", groups)
        msgspec.structs.force_setattr(self, "sets", ())
        for field in ("most_speed", "most_stretch"):
            if not 0 <= getattr(self, field) < math.inf:
                raise ValueError(f"{field} is {getattr(self, field)}; it must be above 0, or 0 not to look")
        if bool(self.groups) != bool(self.most_stretch):
            raise ValueError("groups (or sets) and most_stretch go together; give both or neither")
        if not self.most_speed and not self.most_stretch:
            raise ValueError("nothing to look for; give most_speed, or groups and most_stretch")
        for group in self.groups:
            if len(set(group)) != len(group) or len(group) < 2:
                raise ValueError(f"the group {', '.join(group)} must have at least two markers, each once")
        for field, words in (("unit", ("m", "cm", "mm", "take")), ("do", ("mask", "hold", "fill"))):
            if getattr(self, field) not in words:
                raise ValueError(f"{field} is {getattr(self, field)!r}; it is one of {', '.join(words)}")

    def lacks(self, markers: Sequence[str], *, alone: bool = False) -> str:
        """Return which markers of its groups are not among these."""
        missing = {name for group in self.groups for name in group} - set(markers)
        return naming.absent(sorted(missing), markers) if missing else ""

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with cleaned markers, or why limits or groups do not fit it."""
        from motionprep.maths import spaces

        if take.markers is None:
            return Dropped("clean: no markers")
        for markers in (take.markers, take.corrupt or take.markers):
            if missing := self.lacks(markers.names):
                return Dropped(f"clean: {missing}")
        length = 1.0
        if self.unit != "take":
            metres = spaces.metres(take, "markers")
            if metres is None:
                return Dropped(f'clean: {spaces.no_unit(take)}; give limits in theirs, with unit = "take"')
            length = METRES[self.unit] / metres
        markers, touched = self._clean(take.markers, length)
        corrupt = None
        if take.corrupt is not None:
            corrupt, more = self._clean(take.corrupt, length)
            touched += more
        facts = {**take.facts, "clean_touched": int(take.facts.get("clean_touched", 0)) + touched}
        return replace(take, markers=markers, corrupt=corrupt, facts=facts)

    def _clean(self, markers: Markers, length: float) -> tuple[Markers, int]:
        """Return cleaned markers and how many samples were not good; ``length`` is the limits' unit in the take's."""
        import numpy as np

        from motionprep.maths import gaps

        positions, good = markers.positions, markers.visible.copy()
        if self.most_speed:
            good &= ~gaps.jumps(positions, good, self.most_speed * length / markers.rate)
        for group in self.groups:
            columns = [markers.names.index(name) for name in group]
            good[:, columns] &= ~gaps.stretched(positions[:, columns], good[:, columns], self.most_stretch * length)
        bad = markers.visible & ~good
        done = np.zeros_like(bad)
        if self.do != "mask":
            positions, done = (gaps.hold if self.do == "hold" else gaps.fill)(positions, good, bad)
        visible = good | done
        positions = np.where(visible[..., None], positions, 0.0)
        return replace(markers, positions=positions, visible=visible), int(np.count_nonzero(bad))
