"""Interpolate markers where they were not seen for a short while."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.markers import Markers
    from motionprep.motion.take import Take


class FillGaps(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fill gaps that are no longer than a number of frames and have visible samples of the marker before and after.

    What is filled is visible from then on. Longer gaps, and those at the ends, stay as they are. Markers that a stage
    has corrupted are filled too, from what is left of them. The fact ``fill_gaps_filled`` counts samples.

    Parameters
    ----------
    longest
        The longest gap to fill, in frames.
    method
        ``"linear"``, or ``"cubic"``, which keeps the way the marker was going; see :func:`motionprep.maths.gaps.fill`.
    """

    name: ClassVar[str] = "fill_gaps"
    alters: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("markers",)

    longest: int
    method: Literal["linear", "cubic"] = "linear"

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise ValueError(f"longest is {self.longest}; it must be at least 1")
        if self.method not in ("linear", "cubic"):
            raise ValueError(f"method is {self.method!r}; it is linear or cubic")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with its short gaps filled."""
        if take.markers is None:
            return Dropped("fill_gaps: no markers")
        markers, filled = self._fill(take.markers)
        corrupt = None
        if take.corrupt is not None:
            corrupt, more = self._fill(take.corrupt)
            filled += more
        facts = {**take.facts, "fill_gaps_filled": int(take.facts.get("fill_gaps_filled", 0)) + filled}
        return replace(take, markers=markers, corrupt=corrupt, facts=facts)

    def _fill(self, markers: Markers) -> tuple[Markers, int]:
        """Return markers without short gaps, and how many samples that took."""
        import numpy as np

        from motionprep.maths import gaps

        wanted = gaps.short(markers.visible, self.longest)
        positions, done = gaps.fill(markers.positions, markers.visible, wanted, self.method)
        return replace(markers, positions=positions, visible=markers.visible | done), int(np.count_nonzero(done))
