"""Keep some markers and leave out the others."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from motionprep import naming
from motionprep.naming.nearest import did_you_mean
from motionprep.naming.shipped import marker_sets
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from motionprep.motion.markers import Markers
    from motionprep.motion.take import Take


#: Most takes of a corpus have the same names.
_choose = lru_cache(maxsize=64)(naming.choose)


class SelectMarkers(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep the markers that are named, in the order in which they are named.

    So every take has the same columns in the same order, whatever the order in its file; only what one pattern finds is
    in the file's order. Markers that a stage has corrupted are chosen alike.

    Parameters
    ----------
    markers
        Names of markers (``LFHD``) or patterns (``L*``), taken one after the other; one that begins with ``!`` leaves
        out what it names. If the first leaves out, all is kept before it. A pattern may find nothing.
    set
        A named set of ``manifests/tables/marker-sets.toml``; what it stands for is put before ``markers``.
    missing_markers
        What to do with a take that lacks a marker that is named. ``"drop"``: leave the take out. ``"mask"``: give it
        the marker, visible in no frame; how many it was given is the fact ``select_markers_masked``. A take without
        any of those that are named is left out all the same.
    """

    name: ClassVar[str] = "select_markers"
    alters: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("markers",)

    markers: tuple[str, ...] = ()
    set: str = ""
    missing_markers: Literal["drop", "mask"] = "drop"

    def __post_init__(self) -> None:
        if self.set:
            sets = marker_sets()
            if self.set not in sets:
                raise ValueError(f"there is no set {self.set!r}{did_you_mean(self.set, sets)}")
            # The recipe that is stored says what was selected, whatever the set will mean one day.
            msgspec.structs.force_setattr(self, "markers", (*sets[self.set], *self.markers))
            msgspec.structs.force_setattr(self, "set", "")
        if not self.markers:
            raise ValueError("markers is empty; name markers, patterns or a set")
        if not all(marker.removeprefix("!") for marker in self.markers):
            raise ValueError("markers holds an empty name")
        if self.missing_markers not in ("drop", "mask"):
            raise ValueError(f"missing_markers is {self.missing_markers!r}; it is drop or mask")

    @property
    def fixes_markers(self) -> bool:
        """Whether all takes that leave it have the same markers: whether what it keeps is decided by names alone."""
        kept = [marker for marker in self.markers if not marker.startswith("!")]
        return not self.markers[0].startswith("!") and not any(naming.is_pattern(marker) for marker in kept)

    def markers_after(self, markers: tuple[str, ...]) -> tuple[str, ...]:
        """Return the markers that it leaves, if names decide it."""
        return naming.choose(self.markers, markers)[0] if markers or self.fixes_markers else ()

    def lacks(self, markers: Sequence[str], *, alone: bool = False) -> str:
        """Return which of the markers that it names are not among these, unless it makes up for them."""
        chosen, missing = _choose(self.markers, tuple(markers))
        if missing and (self.missing_markers == "drop" or {*chosen} <= {*missing}):
            return naming.absent(missing, markers)
        return "" if chosen else f"nothing is named like {', '.join(self.markers)}"

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the kept markers, or which ones it has not."""
        if take.markers is None:
            return Dropped("select_markers: no markers")
        names = take.markers.names
        if lack := self.lacks(names):
            return Dropped(f"select_markers: {lack}")
        chosen, missing = _choose(self.markers, names)
        lacking = [name for name in chosen if name in missing]
        facts = take.facts if self.missing_markers == "drop" else {**take.facts, "select_markers_masked": len(lacking)}
        corrupt = _selected(take.corrupt, chosen) if take.corrupt is not None else None
        return replace(take, markers=_selected(take.markers, chosen), corrupt=corrupt, facts=facts)


def _selected(markers: Markers, chosen: Sequence[str]) -> Markers:
    """Return the chosen markers, those that are not there without a visible sample."""
    import numpy as np

    places = {name: place for place, name in enumerate(markers.names)}
    there = [column for column, name in enumerate(chosen) if name in places]
    columns = [places[chosen[column]] for column in there]
    # Several times as fast as an index of that many columns.
    positions, visible = markers.positions.take(columns, axis=1), markers.visible.take(columns, axis=1)
    if len(there) < len(chosen):
        some, seen = positions, visible
        positions = np.zeros((markers.frames, len(chosen), 3))
        visible = np.zeros((markers.frames, len(chosen)), dtype=np.bool_)
        positions[:, there], visible[:, there] = some, seen
    raw_names = tuple(markers.raw_names[places[name]] if name in places else name for name in chosen)
    return replace(markers, names=tuple(chosen), positions=positions, visible=visible, raw_names=raw_names)
